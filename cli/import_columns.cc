#include "import_columns.h"

#include <algorithm>
#include <cctype>
#include <memory_resource>

#include "action_input.h"
#include "forge/events/codec.h"
#include "forge/events/json.h"
#include "forge/events/merkle.h"
#include "suggest.h"
#include "text.h"

namespace forge::cli {
namespace {

Status wrong_map(const std::string& text) {
  return Status(ErrorId::kUsage, "--map cannot be '" + text + "'")
      .state("nothing was written")
      .remedy("write ARGUMENT=COLUMN,… or ARGUMENT:=JSON");
}

Status columns_error(std::string what) {
  return Status(ErrorId::kCsvColumns, std::move(what)).state("nothing was written");
}

Status add_constant(const Action& action, const std::string& text, std::size_t at, ColumnRules& rules) {
  const std::string name = text.substr(0, at);
  FORGE_ASSIGN(const Field* field, argument_named(action, name));
  Result<Value> value = parse_json(std::string_view(text).substr(at + 2), "--map " + name);
  if (!value.ok()) return Status(value.status()).state("nothing was written");
  std::pmr::monotonic_buffer_resource memory;
  const Status fits = cell_from_value(*field, *value, action.name, memory).status();
  if (!fits.ok()) return Status(fits).state("nothing was written");
  rules.constants.add(name, *std::move(value));
  return {};
}

Status add_columns(const Action& action, const std::string& text, ColumnRules& rules) {
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == part.size()) return wrong_map(text);
    FORGE_TRY(argument_named(action, part.substr(0, equals)).status());
    rules.columns.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    begin = end + 1;
  }
  return {};
}

Status check_once(std::vector<std::string> names, const char* what) {
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return {};
  return Status(ErrorId::kUsage, "--map has the " + std::string(what) + " '" + *twice + "' twice")
      .state("nothing was written")
      .remedy("give it once");
}

bool names(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

Result<ColumnRules> ColumnRules::read(const Action& action, const std::vector<std::string>& map,
                                      const std::vector<std::string>& ignore) {
  ColumnRules rules;
  rules.ignored = ignore;
  for (const std::string& text : map) {
    const std::size_t at = text.find(":=");
    const bool is_constant = at != std::string::npos && at > 0 && text.find_first_of("=,") > at;
    FORGE_TRY(is_constant ? add_constant(action, text, at, rules) : add_columns(action, text, rules));
  }
  std::vector<std::string> arguments, columns;
  for (const auto& [argument, column] : rules.columns) arguments.push_back(argument), columns.push_back(column);
  for (const auto& [argument, value] : rules.constants.members()) arguments.push_back(argument);
  FORGE_TRY(check_once(std::move(arguments), "argument"));
  FORGE_TRY(check_once(std::move(columns), "column"));
  return rules;
}

Result<ImportColumns> ImportColumns::make(const Action& action, const ColumnRules& rules, const CsvRow& header) {
  if (!header.error.ok()) return Status(header.error).state("nothing was written");
  ImportColumns out(action, rules.constants);
  std::vector<std::string> known;
  for (const CsvField& field : header.fields) {
    const std::string name(field.text);
    if (name.empty()) return columns_error("column " + std::to_string(known.size() + 1) + " has no name");
    if (names(known, name)) return columns_error("two columns are called '" + printable(name) + "'");
    known.push_back(name);
  }
  for (const auto& [argument, column] : rules.columns) {
    if (!names(known, column)) return columns_error("there is no column '" + column + "'" + did_you_mean(column, known));
  }
  for (const std::string& column : rules.ignored) {
    if (column != "*" && !names(known, column))
      return columns_error("there is no column '" + column + "' to ignore" + did_you_mean(column, known));
  }
  for (const std::string& name : known) FORGE_TRY(out.add(rules, name));
  FORGE_TRY(out.check_given("the header"));
  return out;
}

// Refusals name fields as they are declared, which arguments are called after.
std::string ImportColumns::column_in(const Status& refusal) const {
  const auto is_part = [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; };
  for (const std::string& text : {refusal.text().what, refusal.text().why}) {
    std::size_t first = std::string::npos;
    std::string found;
    for (const Column& column : columns_) {
      if (column.field == nullptr) continue;
      const std::string& name = column.field->name;
      for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        const bool is_word = (at == 0 || !is_part(text[at - 1])) && (end == text.size() || !is_part(text[end]));
        if (!is_word) continue;
        if (at < first) first = at, found = column.name;
        break;
      }
    }
    if (!found.empty()) return found;
  }
  return {};
}

// A column goes where --map sends it, else to the argument of its name.
Status ImportColumns::add(const ColumnRules& rules, const std::string& name) {
  const auto mapped = std::find_if(rules.columns.begin(), rules.columns.end(), [&](const auto& one) { return one.second == name; });
  if (mapped == rules.columns.end() && names(rules.ignored, name)) {
    columns_.push_back({name, nullptr});
    return {};
  }
  const std::string argument = mapped != rules.columns.end() ? mapped->first : name;
  const Result<const Field*> field = argument_named(*action_, argument);
  if (!field.ok() && names(rules.ignored, "*")) {
    columns_.push_back({name, nullptr});
    return {};
  }
  if (!field.ok()) {
    return columns_error("the column '" + printable(name) + "' is no argument of " + action_->name +
                         did_you_mean(name, argument_names(*action_)))
        .remedy("give --map ARGUMENT=COLUMN, or --ignore COLUMN");
  }
  if (gives(*field)) return columns_error("two columns give '" + argument + "'").remedy("leave one out with --ignore COLUMN");
  columns_.push_back({name, *field});
  return {};
}

bool ImportColumns::gives(const Field* field) const {
  const bool is_column = std::any_of(columns_.begin(), columns_.end(), [&](const Column& column) { return column.field == field; });
  return is_column || constants_.find(field->name) != nullptr;
}

Status ImportColumns::check_given(const std::string& place) const {
  std::vector<const Field*> needed;
  for (const Field& field : action_->arguments.fields) {
    if (field.required && !field.has_default) needed.push_back(&field);
  }
  if (action_->kind != ActionKind::kCreates) {
    for (const std::uint16_t part : action_->resource->key_fields) {
      const Result<const Field*> field = argument_named(*action_, action_->resource->record.fields[part].name);
      if (field.ok()) needed.push_back(*field);
    }
  }
  for (const Field* field : needed) {
    if (!gives(field)) {
      return columns_error(place + " has no column for '" + field->name + "', which " + action_->name + " needs")
          .remedy("give --map " + field->name + "=COLUMN, or --map " + field->name + ":=JSON");
    }
  }
  return {};
}

Status ImportColumns::differs(const CsvRow& row) const {
  return Status(ErrorId::kCsvColumns,
                "the row has " + counted(row.fields.size(), "field") + ", the header has " + std::to_string(columns_.size()));
}

Result<ActionRequest> ImportColumns::request(const CsvRow& row) const {
  if (!row.error.ok()) return row.error;
  if (row.fields.size() != columns_.size()) return differs(row);
  ActionRequest out;
  out.action = action_->name;
  out.args = constants_;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const CsvField& field = row.fields[i];
    if (columns_[i].field == nullptr || (field.text.empty() && !field.is_quoted)) continue;
    FORGE_ASSIGN(Value value, value_from_text(*columns_[i].field, field.text));
    out.args.add(columns_[i].field->name, std::move(value));
  }
  return out;
}

std::optional<ImportColumns::Misfit> ImportColumns::misfit(const ActionRequest& request) const {
  std::pmr::monotonic_buffer_resource memory;
  for (const Column& column : columns_) {
    const Value* const value = column.field == nullptr ? nullptr : request.args.find(column.field->name);
    if (value == nullptr) continue;
    Status status = cell_from_value(*column.field, *value, action_->name, memory).status();
    if (!status.ok()) return Misfit{column.name, std::move(status)};
  }
  return std::nullopt;
}

std::string ImportColumns::column_name(std::size_t index) const {
  return index == 0 || index > columns_.size() ? std::string() : columns_[index - 1].name;
}

std::string ImportColumns::digest() const {
  std::string text = action_->name + "\n";
  for (const Column& column : columns_) text += (column.field == nullptr ? "" : column.field->name) + "\n";
  text += to_json(constants_);
  return to_hex(Hasher().sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
}

}  // namespace forge::cli
