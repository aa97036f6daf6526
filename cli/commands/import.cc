#include "commands.h"
#include "importing.h"

namespace forge::cli {

const Command& import_command() {
  static const Command kCommand{
      .name = "import",
      .summary = "the rows of a CSV file, each an action; the same command again goes on where it stopped",
      .arguments = {{.name = "FILE", .summary = "CSV with a header, UTF-8; -: standard input", .offer = Offer::kFile}},
      .flags =
          {{.name = "action",
            .type = FlagType::kText,
            .value = "RESOURCE.ACTION",
            .summary = "what each row does; must be given",
            .offer = Offer::kAction},
           {.name = "map",
            .type = FlagType::kText,
            .value = "ARG=COLUMN,…",
            .summary = "a column that an argument is taken from; ARG:=JSON: one value for all rows",
            .repeated = true},
           {.name = "ignore",
            .type = FlagType::kText,
            .value = "COLUMN",
            .summary = "a column that is left out; '*': all that are no arguments",
            .repeated = true},
           {.name = "batch", .type = FlagType::kCount, .value = "N", .summary = "rows in a transaction", .default_value = "1000"},
           {.name = "on-error",
            .type = FlagType::kText,
            .value = "ACTION",
            .summary = "of a bad row: stop, or quarantine:FILE to set it aside and go on",
            .default_value = "stop"},
           {.name = "max-bad",
            .type = FlagType::kText,
            .value = "N|P%",
            .summary = "how many rows may be set aside; a share counts from 1,000 rows on"},
           {.name = "strict", .summary = "exit with 4 where the import has rows set aside, in this run or before"},
           {.name = "checkpoint",
            .type = FlagType::kText,
            .value = "NAME",
            .summary = "where the store keeps how far it is; else import:FILE:ACTION, none of standard input"},
           {.name = "role", .type = FlagType::kText, .value = "ROLE", .summary = "the actor's role, as rules see it"},
           {.name = "reason", .type = FlagType::kText, .value = "TEXT", .summary = "why; recorded with each event"}},
      .examples = {{"forgectl import users.csv --action User.register --map id=user_id,email=mail", ""},
                   {"forgectl import users.csv --action User.register --on-error quarantine:bad.ndjson", ""},
                   {"forgectl import - --action User.register --checkpoint users < users.csv", ""}},
      .notes =
          "A row is stored once or set aside once, whatever stops the command: the checkpoint is written with the rows. It knows\n"
          "what was read by its digest; a file that has changed there is refused, one that has grown goes on. A field that is\n"
          "empty and not quoted is not given. A batch that is refused is divided until the bad rows stand alone.",
      .writes = true,
      .run = run_import,
  };
  return kCommand;
}

}  // namespace forge::cli
