#include "commands.h"
#include "session.h"
#include "text.h"

namespace forge::cli {
namespace {

std::string receipt_line(const ActionReceipt& done, const TransactionReceipt& of, bool dry_run) {
  std::string line = done.resource + " " + printable(done.key) + "  v" + std::to_string(done.version) + "  event " +
                     std::to_string(done.seq) + "  " + done.type;
  if (of.replayed) line += "   (already done: same key, same input)";
  if (dry_run) line += "   (dry run: nothing was written)";
  return line + "\n";
}

Object receipt_of(const ActionReceipt& done, const TransactionReceipt& of, bool dry_run) {
  Object out{{"resource", done.resource},
             {"key", done.key},
             {"version", done.version},
             {"seq", done.seq},
             {"type", done.type},
             {"recorded_at", format_time(of.recorded_at)},
             {"transaction", of.transaction.to_string()},
             {"replayed", of.replayed}};
  if (dry_run) out.add("applied", false);
  return out;
}

// A line for each event in text, a list in every other format.
Status print_receipts(Session& session, const TransactionReceipt& done, bool dry_run) {
  const bool is_text = session.out.is_table();
  if (!is_text) session.out.begin_list({.columns = {"resource", "key", "version", "seq", "type"}, .name = "key"});
  for (const ActionReceipt& action : done.actions) {
    FORGE_TRY(is_text ? session.out.text(receipt_line(action, done, dry_run)) : session.out.row(receipt_of(action, done, dry_run)));
  }
  return is_text ? Status() : session.out.end_list();
}

Result<TransactionReceipt> undo(Store& store, Seq seq, bool whole, const ActOptions& options) {
  std::vector<ActionRequest> requests;
  requests.push_back({.if_version = options.if_version, .undoes = seq, .undoes_transaction = whole});
  return store.transact(std::move(requests), options);
}

Result<int> run_undo(Session& session) {
  const Arguments& arguments = session.arguments;
  FORGE_ASSIGN(const Seq seq, parse_count(arguments.words()[0]));
  const bool whole = arguments.is_on("transaction");
  ActOptions options = session.act_options();
  options.idempotency_key = arguments.text("idempotency-key");
  options.if_version = arguments.if_count("if-version");
  options.correlation = arguments.text("correlation");
  if (whole && options.if_version) {
    return Status(ErrorId::kUsage, "--if-version goes with one event only").remedy("leave out --transaction or --if-version");
  }
  FORGE_ASSIGN(Store store, session.open_for_writing());
  const Result<TransactionReceipt> done = undo(store, seq, whole, options);
  if (!done.ok()) return done.status();
  FORGE_TRY(print_receipts(session, *done, options.dry_run));
  return 0;
}

}  // namespace

const Command& undo_command() {
  static const Command kCommand{
      .name = "undo",
      .summary = "take an event back, by another one that restores what was there before",
      .arguments = {{.name = "SEQ", .summary = "the event's place in the log"}},
      .flags =
          {{.name = "transaction", .summary = "and the other events of its transaction, the last first"},
           {.name = "if-version", .type = FlagType::kCount, .value = "N", .summary = "refuse unless the record is at version N"},
           {.name = "role", .type = FlagType::kText, .value = "ROLE", .summary = "the actor's role, as rules see it"},
           {.name = "idempotency-key",
            .type = FlagType::kText,
            .value = "KEY",
            .summary = "the same key and input again gives the first answer, and is done once"},
           {.name = "reason", .type = FlagType::kText, .value = "TEXT", .summary = "why; recorded with the event"},
           {.name = "correlation", .type = FlagType::kText, .value = "ID", .summary = "what it belongs to"}},
      .examples = {{"forgectl undo 9 --reason 'wrong customer'", ""},
                   {"forgectl undo 9 --transaction --dry-run", "would all of it come back?"}},
      .notes =
          "Where a later event changed the same fields, or made or ended the record, it is refused and names that event. An undo\n"
          "can be undone. Nothing is erased: see forgectl history.",
      .writes = true,
      .run = run_undo,
  };
  return kCommand;
}

}  // namespace forge::cli
