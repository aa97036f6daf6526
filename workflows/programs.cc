#include "forge/events/domain.h"
#include "forge/workflows/program.h"
#include "table_reader.h"
#include "toml_reader.h"
#include "value_path.h"

namespace forge {

using internal::Declared;
using internal::Findings;
using internal::TableReader;

namespace {

std::string below(const std::string& base, const std::string& path) {
  return path.empty() || path.starts_with('/') ? path : base + "/" + path;
}

Program read_program(const Findings& findings, TableReader& table, const std::string& base) {
  Program made;
  made.command = table.texts("command");
  made.place = findings.places.place_of(table.path_of(table.has("command") ? "command" : ""));
  if (!made.command.empty()) made.command[0] = below(base, made.command[0]);
  made.directory = below(base, table.text("directory"));
  made.environment = table.texts("environment");
  made.accepts = table.texts("accepts");
  // What is misspelt is told before what is missing for it.
  table.finish();
  if (!table.has("command") || (made.command.empty() && findings.errors.empty())) {
    table.missing("command", "a list of the program's file and the arguments that it always gets");
  }
  return made;
}

}  // namespace

Result<Programs> parse_programs(std::string_view toml, const std::string& file, const std::string& base) {
  FORGE_ASSIGN(const Declared declared, internal::read_toml(toml, file));
  internal::Places places(file);
  std::vector<Status> errors;
  const Findings findings{places, errors};
  if (!places.note_all(declared)) {
    return Status(ErrorId::kWorkflowSyntax, "the file of programs is nested too deep").place(file + ":1:1");
  }
  Programs programs;
  TableReader whole(findings, declared, "", "the file");
  if (const Declared* listed = whole.take_table("program")) {
    TableReader table(findings, *listed, "program", "the file");
    for (const Declared::Member& member : listed->members) {
      if (table.take(member.name) != &member.value) continue;
      const std::string path = table.path_of(member.name);
      if (!is_workflow_name(member.name)) {
        findings.add(ErrorId::kWorkflowName, path + "!", "'" + member.name + "' cannot name a program",
                     "a name is a letter, then letters, digits, '_' and '-', 64 at most");
      }
      TableReader inside(findings, member.value, path, "program '" + member.name + "'");
      programs.emplace(member.name, read_program(findings, inside, base));
    }
    table.finish();
  }
  whole.finish();
  if (!errors.empty()) return errors[0];
  return programs;
}

}  // namespace forge
