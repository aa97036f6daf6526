#include "action_input.h"

#include <algorithm>

#include "forge/events/codec.h"
#include "forge/events/json.h"
#include "records.h"
#include "suggest.h"

namespace forge::cli {
namespace {

Status not_assignment(const Action& action, const std::string& word, bool first) {
  const std::string key = action.resource->record.fields[action.resource->key_fields.front()].name;
  Status status(ErrorId::kUsage, "'" + word + "' is not NAME=VALUE");
  const std::size_t colon = word.find(':');
  if (colon != std::string::npos && argument_named(action, word.substr(0, colon)).ok()) {
    return std::move(status).remedy("arguments are written " + word.substr(0, colon) + "=" + word.substr(colon + 1));
  }
  if (first && action.changes_record()) return std::move(status).remedy("did you mean " + key + "=" + word + "?");
  return std::move(status).remedy("see: forgectl explain " + action.name);
}

// NAME=VALUE is read by the type of the field, NAME:=JSON as it stands.
Status add_assignment(const Action& action, const std::string& word, bool first, Args& args) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0) return not_assignment(action, word, first);
  const bool is_json = equals > 1 && word[equals - 1] == ':';
  const std::string name = word.substr(0, is_json ? equals - 1 : equals);
  if (args.find(name) != nullptr) {
    return Status(ErrorId::kUsage, "'" + name + "' is given twice").state("nothing was written").remedy("give it once");
  }
  FORGE_ASSIGN(const Field* field, argument_named(action, name));
  const std::string_view text = std::string_view(word).substr(equals + 1);
  Result<Value> value = is_json ? parse_json(text, name) : value_from_text(*field, text);
  if (!value.ok()) {
    Status status = value.status();
    return std::move(status).state("nothing was written").remedy("see: forgectl explain " + action.name);
  }
  args.add(name, *std::move(value));
  return {};
}

// The JSON of a batch has one line: "actions.ndjson:17:1:25" becomes "actions.ndjson:17:25".
Status placed_in_line(Status error, const std::string& name) {
  const std::string place = error.text().place, whole = name + ":1:";
  if (!place.starts_with(whole)) return error;
  return std::move(error).place(name + ":" + place.substr(whole.size()));
}

Status wrong_member(const std::string& place, const std::string& what) {
  return Status(ErrorId::kJsonInvalid, what).place(place).state("nothing of this line was written").remedy("see: forgectl help do");
}

Status read_text(const Value& value, const std::string& place, const std::string& name, std::string& out) {
  const std::string* text = value.if_text();
  if (text == nullptr) return wrong_member(place, "'" + name + "' is not a text");
  out = *text;
  return {};
}

Result<std::uint64_t> read_number(const Value& value, const std::string& place, const std::string& name) {
  const std::int64_t* number = value.if_int();
  if (number == nullptr || *number < 0) return wrong_member(place, "'" + name + "' is not a number of 0 and more");
  return static_cast<std::uint64_t>(*number);
}

Status read_texts(const Value& value, const std::string& place, const std::string& name, std::vector<std::string>& out) {
  const List* list = value.if_list();
  if (list == nullptr) return wrong_member(place, "'" + name + "' is not a list");
  for (const Value& item : *list) FORGE_TRY(read_text(item, place, name, out.emplace_back()));
  return {};
}

Result<ConditionItem> read_condition_item(const Value& value, const std::string& place) {
  const Object* object = value.if_object();
  if (object == nullptr) return wrong_member(place, "an item of a condition is not an object");
  ConditionItem item;
  for (const auto& [name, member] : object->members()) {
    if (name != "types" && name != "tags") {
      return wrong_member(place,
                          "an item of a condition has an unknown member '" + name + "'" + did_you_mean(name, {"types", "tags"}));
    }
    FORGE_TRY(read_texts(member, place, name, name == "types" ? item.types : item.tags));
  }
  return item;
}

Result<AppendCondition> read_batch_condition(const Value& value, const std::string& place) {
  const Object* object = value.if_object();
  if (object == nullptr) return wrong_member(place, "'condition' is not an object");
  AppendCondition condition;
  for (const auto& [name, member] : object->members()) {
    if (name == "after") {
      FORGE_ASSIGN(condition.after, read_number(member, place, name));
      continue;
    }
    const List* list = name == "items" ? member.if_list() : nullptr;
    if (list == nullptr) {
      return wrong_member(place, name == "items"
                                     ? "'items' is not a list"
                                     : "a condition has an unknown member '" + name + "'" + did_you_mean(name, {"items", "after"}));
    }
    for (const Value& item : *list) {
      FORGE_ASSIGN(ConditionItem read, read_condition_item(item, place));
      condition.items.push_back(std::move(read));
    }
  }
  return condition;
}

Result<ActionRequest> read_batch_action(const Value& value, const std::string& place) {
  const Object* object = value.if_object();
  if (object == nullptr) return wrong_member(place, "an action is not an object");
  ActionRequest request;
  for (const auto& [name, member] : object->members()) {
    if (name == "action") {
      FORGE_TRY(read_text(member, place, name, request.action));
    } else if (name == "args") {
      if (member.if_object() == nullptr) return wrong_member(place, "'args' is not an object");
      request.args = *member.if_object();
    } else if (name == "if_version") {
      FORGE_ASSIGN(request.if_version, read_number(member, place, name));
    } else {
      return wrong_member(place,
                          "an action has an unknown member '" + name + "'" + did_you_mean(name, {"action", "args", "if_version"}));
    }
  }
  if (request.action.empty()) return wrong_member(place, "an action has no 'action'");
  return request;
}

Status read_batch_member(const std::string& name, const Value& value, const std::string& place, BatchTransaction& out) {
  if (name == "idempotency_key" || name == "key") {
    if (!out.options.idempotency_key.empty()) return wrong_member(place, "the idempotency key is given twice");
    FORGE_TRY(read_text(value, place, name, out.options.idempotency_key));
    return out.options.idempotency_key.empty() ? wrong_member(place, "'" + name + "' is empty") : Status();
  }
  if (name == "actor") return read_text(value, place, name, out.options.actor.id);
  if (name == "role") return read_text(value, place, name, out.options.actor.role);
  if (name == "reason") return read_text(value, place, name, out.options.reason);
  if (name == "correlation") return read_text(value, place, name, out.options.correlation);
  if (name == "condition") {
    FORGE_ASSIGN(out.options.condition, read_batch_condition(value, place));
    return {};
  }
  if (name == "at") {
    std::string text;
    FORGE_TRY(read_text(value, place, name, text));
    const Result<Time> at = parse_time(text);
    if (!at.ok()) return wrong_member(place, "'at': " + at.status().text().what).why(at.status().text().why);
    out.options.occurred_at = *at;
    return {};
  }
  if (name != "actions") {
    const std::vector<std::string> known = {"idempotency_key", "key",         "at",        "actor",  "role",
                                            "reason",          "correlation", "condition", "actions"};
    return wrong_member(place, "unknown member '" + name + "'" + did_you_mean(name, known));
  }
  const List* list = value.if_list();
  if (list == nullptr) return wrong_member(place, "'actions' is not a list");
  for (const Value& item : *list) {
    FORGE_ASSIGN(ActionRequest request, read_batch_action(item, place));
    out.actions.push_back(std::move(request));
  }
  return {};
}

}  // namespace

Result<Args> read_input_object(Session& session, const std::string& input) {
  const bool is_file = input.starts_with('@');
  std::string text = input;
  if (is_file || input == "-") {
    FORGE_ASSIGN(text, read_input(session, is_file ? input.substr(1) : input, JsonLimits().bytes));
  }
  const Result<Value> value = parse_json(text, is_file ? input.substr(1) : "--input");
  if (!value.ok()) return Status(value.status()).state("nothing was written");
  const Object* object = value->if_object();
  if (object == nullptr) {
    return Status(ErrorId::kJsonInvalid, "--input is not an object")
        .state("nothing was written")
        .remedy("write {\"name\": value, …}");
  }
  return *object;
}

std::vector<std::string> argument_names(const Action& action) {
  std::vector<std::string> out;
  for (const std::string_view part : action.implicit_key) out.emplace_back(part);
  for (const Field& field : action.arguments.fields) out.push_back(field.name);
  return out;
}

Result<const Field*> argument_named(const Action& action, std::string_view name) {
  if (const Field* field = action.arguments.find(name)) return field;
  const auto& implicit = action.implicit_key;
  if (std::find(implicit.begin(), implicit.end(), name) != implicit.end()) return action.resource->record.find(name);
  const std::string text(name);
  return Status(ErrorId::kUnknownField,
                action.name + " has no argument '" + text + "'" + did_you_mean(text, argument_names(action)))
      .state("nothing was written")
      .remedy("see: forgectl explain " + action.name);
}

std::vector<Flag> action_flags() {
  return {
      {.name = "input",
       .type = FlagType::kText,
       .value = "JSON|@FILE|-",
       .summary = "arguments as a JSON object",
       .offer = Offer::kFile},
      {.name = "if-version",
       .type = FlagType::kCount,
       .value = "N",
       .summary = "refuse unless the record is at version N; 0: is not there"},
      {.name = "role", .type = FlagType::kText, .value = "ROLE", .summary = "the actor's role, as rules see it"},
      {.name = "unless-type",
       .type = FlagType::kText,
       .value = "GLOB",
       .summary = "refuse where an event of such a type is in the log: 'Order.*'",
       .repeated = true},
      {.name = "unless-tag",
       .type = FlagType::kText,
       .value = "TAG",
       .summary = "refuse where an event with this tag is; of several, with all: sku=tea, Order/o-1",
       .repeated = true},
      {.name = "after", .type = FlagType::kCount, .value = "SEQ", .summary = "with --unless-…: only events after this one count"},
  };
}

Result<ActionRequest> read_action(Session& session, const Domain& domain, std::span<const std::string> words) {
  FORGE_ASSIGN(const Action* action, action_named(domain, words[0]));
  ActionRequest request;
  request.action = action->name;
  if (const auto input = session.arguments.if_text("input")) {
    FORGE_ASSIGN(request.args, read_input_object(session, *input));
  }
  for (std::size_t i = 1; i < words.size(); ++i) FORGE_TRY(add_assignment(*action, words[i], i == 1, request.args));
  request.if_version = session.arguments.if_count("if-version");
  return request;
}

Result<std::optional<AppendCondition>> read_condition(const Arguments& arguments) {
  ConditionItem item{.types = arguments.texts("unless-type"), .tags = arguments.texts("unless-tag")};
  if (item.types.empty() && item.tags.empty()) {
    if (!arguments.given("after")) return std::optional<AppendCondition>();
    return Status(ErrorId::kUsage, "--after goes with --unless-type or --unless-tag")
        .remedy("say which events: --unless-tag sku=tea");
  }
  AppendCondition condition{.items = {}, .after = arguments.if_count("after").value_or(0)};
  condition.items.push_back(std::move(item));
  return std::optional(std::move(condition));
}

Status about_action(Status error, const Action& action) {
  constexpr std::string_view kAny = "RESOURCE.ACTION";
  std::string remedy = error.text().remedy;
  const std::size_t at = remedy.find(kAny);
  if (at == std::string::npos) return error;
  return std::move(error).remedy(remedy.replace(at, kAny.size(), action.name));
}

Result<BatchTransaction> read_batch_line(std::string_view line, const std::string& name, const ActOptions& defaults) {
  if (line.size() > kBatchLineMax) {
    return Status(ErrorId::kTooLarge, "the line is longer than 16 MiB").place(name).state("nothing of this line was written");
  }
  JsonLimits limits;
  limits.bytes = kBatchLineMax;
  const Result<Value> value = parse_json(line, name, limits);
  if (!value.ok()) return placed_in_line(value.status(), name);
  const Object* object = value->if_object();
  if (object == nullptr) return wrong_member(name, "the line is not an object");
  BatchTransaction out;
  out.options = defaults;
  for (const auto& [member, content] : object->members()) FORGE_TRY(read_batch_member(member, content, name, out));
  return out;
}

}  // namespace forge::cli
