// The kinds of steps. The attribute that names a kind says which it is: `action = "Order.ship"`.

#include <array>
#include <charconv>
#include <cmath>

#include "forge/events/domain.h"
#include "input_types.h"
#include "item_file.h"
#include "request_reader.h"
#include "step_reader.h"
#include "step_values.h"
#include "value_path.h"

namespace forge::internal {
namespace {

constexpr std::string_view kKeyWanted = "a text or a whole number";

// A number is taken where a reference leads to it: then it is in µs, which nobody writes by hand.
bool is_duration(const Value& value) {
  return value.if_text() != nullptr && duration_of(value).ok();
}
bool is_time(const Value& value) {
  return value.if_text() != nullptr && time_of(value).ok();
}
bool is_key(const Value& value) {
  return (value.if_text() != nullptr && !value.if_text()->empty()) || value.if_int() != nullptr;
}
bool is_text(const Value& value) {
  return value.if_text() != nullptr;
}
bool is_list(const Value& value) {
  return value.if_list() != nullptr;
}
bool names_item_file(const Value& value) {
  return value.if_text() != nullptr && ItemFile::has_format(*value.if_text());
}

class BodyReader {
 public:
  BodyReader(const Findings& findings, TableReader& table) : findings_(findings), table_(table) {}

  fb::ActionStepT action() {
    fb::ActionStepT made;
    made.action = table_.text("action");
    return made;
  }

  fb::ReadStepT read() {
    fb::ReadStepT made;
    made.resource = table_.text("read");
    made.key = table_.binding("key", kKeyWanted, is_key);
    made.query = table_.text("query");
    if (!made.resource.empty() && made.key == nullptr) table_.missing("key", "the key of the record to read");
    if (!table_.has("read") && made.key != nullptr) {
      findings_.add(ErrorId::kWorkflowAttribute, table_.path_of("key") + "!", table_.what() + " is a query with a key",
                    "a query finds records by its arguments", "read = RESOURCE reads the record of a key; else write args");
    }
    made.not_found = table_.choice<fb::NotFound>(
        "not_found", {{"error", fb::NotFound::Error}, {"null", fb::NotFound::Null}, {"halt", fb::NotFound::Halt}},
        fb::NotFound::Error);
    return made;
  }

  fb::TransactionStepT transaction() {
    fb::TransactionStepT made;
    on("transaction");
    made.body = read_block(findings_, table_);
    return made;
  }

  fb::HttpStepT http() {
    fb::HttpStepT made;
    if (const Declared* declared = table_.take_table("http")) {
      TableReader table(findings_, *declared, table_.path_of("http"), table_.what());
      made = read_request(findings_, table);
      table.finish();
    }
    return made;
  }

  fb::RunStepT run() {
    fb::RunStepT made;
    made.function = table_.text("run");
    made.dynamic = table_.flag("dynamic", false);
    return made;
  }

  // A program, or a list of the program and its arguments.
  fb::ExecStepT exec() {
    fb::ExecStepT made;
    const Declared* declared = table_.take("exec");
    const Declared* program = declared;
    if (declared->kind == Declared::Kind::kList && !declared->items.empty()) {
      program = &declared->items[0];
      for (std::size_t i = 1; i < declared->items.size(); ++i) {
        const std::string path = table_.path_of("exec") + "." + std::to_string(i);
        made.arguments.push_back(std::make_unique<fb::BindingT>(read_binding(findings_, declared->items[i], path, table_.what())));
      }
    }
    if (const std::string* name = program->if_text(); name != nullptr && !name->empty()) {
      made.program = *name;
    } else {
      table_.refuse("exec", "a program, or a list of it and its arguments", *program);
    }
    made.environment = table_.named("environment");
    return made;
  }

  fb::MapStepT map() {
    fb::MapStepT made;
    read_source(made);
    made.body = read_block(findings_, table_);
    made.window = static_cast<std::uint32_t>(table_.number("window", 1, 100'000, made.window));
    made.batch = static_cast<std::uint32_t>(table_.number("batch", 1, 100'000, made.batch));
    made.chunks = table_.flag("chunks", false);
    read_item_error(made);
    read_bad_max(made);
    made.checkpoint = table_.text("checkpoint");
    if (!made.checkpoint.empty() && !is_workflow_name(made.checkpoint)) {
      findings_.add(ErrorId::kWorkflowName, table_.path_of("checkpoint"), "'" + made.checkpoint + "' cannot name a checkpoint",
                    "a name is a letter, then letters, digits, '_' and '-', 64 at most");
    }
    return made;
  }

  fb::CollectStepT collect() {
    fb::CollectStepT made;
    made.results = table_.named("collect");
    made.transform = table_.binding("into");
    return made;
  }

  fb::SwitchStepT choose() {
    fb::SwitchStepT made;
    if (const Declared* declared = table_.take_table("switch")) {
      TableReader branches(findings_, *declared, table_.path_of("switch"), table_.what());
      if (declared->members.empty()) branches.missing("BRANCH", "at least one branch: [step.S.switch.BRANCH] with when");
      for (const Declared::Member& member : declared->members) {
        if (branches.take(member.name) != &member.value) continue;
        made.branches.push_back(branch(member.value, branches.path_of(member.name), member.name, true));
      }
      branches.finish();
    }
    if (const Declared* otherwise = table_.take_table("default")) {
      made.branches.push_back(branch(*otherwise, table_.path_of("default"), "default", false));
    }
    return made;
  }

  fb::WorkflowStepT workflow() {
    fb::WorkflowStepT made;
    made.workflow = table_.text("workflow");
    return made;
  }

  fb::GroupStepT group() {
    fb::GroupStepT made;
    on("group");
    made.before_all = some_steps("before_all");
    made.body = read_block(findings_, table_);
    made.after_all = some_steps("after_all");
    return made;
  }

  fb::AroundStepT around() {
    fb::AroundStepT made;
    if (const Declared* declared = table_.take_table("around")) {
      TableReader table(findings_, *declared, table_.path_of("around"), table_.what());
      made.begin = one_step(table, "begin");
      made.commit = one_step(table, "commit");
      made.abort = one_step(table, "abort");
      if (made.begin == nullptr) table.missing("begin", "the step that begins it");
      table.finish();
    }
    if (made.begin == nullptr) made.begin = std::make_unique<fb::BlockT>();
    made.body = read_block(findings_, table_);
    return made;
  }

  fb::RecurseStepT recurse() {
    fb::RecurseStepT made;
    if (const Declared* declared = table_.take_table("recurse")) {
      TableReader table(findings_, *declared, table_.path_of("recurse"), table_.what());
      made.until = table.text("until");
      if (made.until.empty()) table.missing("until", "the condition that ends it");
      if (!table.has("at_most")) table.missing("at_most", "the greatest number of iterations");
      made.at_most = static_cast<std::uint32_t>(table.number("at_most", 1, 255, 1));
      made.start = table.binding("start");
      table.finish();
    }
    made.body = read_block(findings_, table_);
    return made;
  }

  fb::TemplateStepT text() {
    fb::TemplateStepT made;
    made.text = table_.binding("template");
    return made;
  }

  fb::SleepStepT sleep() {
    fb::SleepStepT made;
    made.duration = table_.binding("sleep", "a duration like 200ms, 30s, 5m or 24h, above 0", is_duration);
    made.until = table_.binding("until", "a time like 2026-11-27T08:00:00Z", is_time);
    return made;
  }

  fb::WaitStepT wait() {
    fb::WaitStepT made;
    const Declared* declared = table_.take("wait");
    if (declared->kind == Declared::Kind::kTable) {
      TableReader table(findings_, *declared, table_.path_of("wait"), table_.what());
      made.signal = table.text("signal");
      made.event = table.text("event");
      made.key = table.binding("key", kKeyWanted, is_key);
      made.where = table.text("where");
      if (made.signal.empty() == made.event.empty()) table.missing("signal", "either a signal or an event");
      table.finish();
    } else {
      made.signal = table_.text("wait");
      made.key = table_.binding("key", kKeyWanted, is_key);
    }
    return made;
  }

  fb::SignalStepT signal() {
    fb::SignalStepT made;
    made.signal = table_.text("signal");
    made.key = table_.binding("key", kKeyWanted, is_key);
    made.keep = table_.duration("keep");
    made.refuse = table_.flag("refuse", false);
    if (made.refuse && made.keep > 0) {
      findings_.add(ErrorId::kWorkflowAttribute, table_.path_of("refuse") + "!", table_.what() + " keeps a signal and refuses it",
                    "without a receiver it is one or the other", "remove keep or refuse");
    }
    return made;
  }

  fb::ApproveStepT approve() {
    fb::ApproveStepT made;
    made.question = table_.binding("approve", "a text: the question", is_text);
    made.role = table_.text("role");
    return made;
  }

  fb::HaltStepT halt() {
    fb::HaltStepT made;
    made.value = table_.binding("halt");
    return made;
  }

  fb::DebugStepT debug() {
    fb::DebugStepT made;
    made.label = table_.binding("debug");
    made.level = table_.choice<fb::DebugLevel>("level",
                                               {{"debug", fb::DebugLevel::Debug},
                                                {"info", fb::DebugLevel::Info},
                                                {"warning", fb::DebugLevel::Warning},
                                                {"error", fb::DebugLevel::Error}},
                                               fb::DebugLevel::Debug);
    return made;
  }

  fb::FailStepT fail() {
    fb::FailStepT made;
    made.message = table_.binding("fail", "a text: what is told", is_text);
    made.code = table_.text("code");
    return made;
  }

 private:
  std::unique_ptr<fb::BlockT> some_steps(std::string_view name) {
    std::unique_ptr<fb::BlockT> block = read_steps(findings_, table_, name);
    if (block != nullptr && block->steps.empty()) table_.refuse(name, "a table of steps, one at least", Value(Object()));
    return block;
  }

  std::unique_ptr<fb::BlockT> one_step(TableReader& table, std::string_view name) {
    std::unique_ptr<fb::StepT> step = read_part(findings_, table, name);
    if (step == nullptr) return nullptr;
    auto block = std::make_unique<fb::BlockT>();
    block->steps.push_back(std::move(step));
    return block;
  }

  // `transaction = true`: the word alone says the kind.
  void on(std::string_view name) {
    if (!table_.flag(name, true)) {
      findings_.add(ErrorId::kWorkflowAttribute, table_.path_of(name), table_.what() + " has '" + std::string(name) + " = false'",
                    "the word says what kind of step it is", "leave it out, or write true");
    }
  }

  // A list, or a table that says where the items come from.
  void read_source(fb::MapStepT& made) {
    const Declared* declared = table_.take("over");
    const bool elsewhere =
        declared->kind == Declared::Kind::kTable && (declared->members.size() != 1 || declared->members[0].name != "expr");
    if (!elsewhere) {
      made.over = table_.binding("over", "a list, or { query }, { file } or { pages }", is_list);
      return;
    }
    TableReader table(findings_, *declared, table_.path_of("over"), table_.what() + "'s over");
    made.query = table.text("query");
    made.over =
        table.binding("file", "a file of rows: NAME.csv, .ndjson or .jsonl, perhaps with .gz or .zst behind", names_item_file);
    if (const Declared* pages = table.take_table("pages")) {
      TableReader inside(findings_, *pages, table.path_of("pages"), table.what());
      made.pages = std::make_unique<fb::HttpStepT>(read_request(findings_, inside));
      inside.finish();
    }
    made.cursor = table.text("cursor");
    made.items = table.text("items");
    read_columns(table, made);
    const int given =
        static_cast<int>(!made.query.empty()) + static_cast<int>(made.over != nullptr) + static_cast<int>(made.pages != nullptr);
    if (given != 1) table.missing("query", "one of query, file and pages");
    if (made.pages != nullptr) check_page(table, made);
    if (!made.query.empty()) made.source = fb::MapSource::Query;
    if (made.over != nullptr) made.source = fb::MapSource::File;
    if (made.pages != nullptr) made.source = fb::MapSource::Pages;
    table.finish();
  }

  void check_page(TableReader& table, const fb::MapStepT& made) {
    if (made.items.empty()) table.missing("items", "the path of the items in a response, like body.items");
    for (const auto& [name, text] : {std::pair("items", made.items), std::pair("cursor", made.cursor)}) {
      const Result<ValuePath> path = ValuePath::parse(text);
      const bool known = path.ok() && (path->root == "body" || path->root == "headers" || path->root == "status");
      if (text.empty() || known) continue;
      findings_.add(ErrorId::kWorkflowReference, table.path_of(name),
                    table.what() + " has a path '" + text + "' that leads nowhere", "a response has status, headers and body",
                    "write body.next");
    }
  }

  // The types of a CSV file's columns.
  void read_columns(TableReader& owner, fb::MapStepT& made) {
    const Declared* declared = owner.take_table("columns");
    if (declared == nullptr) return;
    TableReader table(findings_, *declared, owner.path_of("columns"), table_.what() + "'s columns");
    for (const Declared::Member& member : declared->members) {
      const std::string* word = member.value.if_text();
      if (table.take(member.name) != &member.value) continue;
      const auto type = word == nullptr ? std::nullopt : find_input_type(*word);
      const bool fits = type == fb::InputType::String || type == fb::InputType::Int || type == fb::InputType::Float ||
                        type == fb::InputType::Bool;
      if (!fits) {
        if (word == nullptr) {
          table.refuse(member.name, "string, int, float or bool", member.value);
        } else {
          findings_.add(ErrorId::kWorkflowAttribute, table.path_of(member.name), "'" + *word + "' is no type of a column",
                        "it is string, int, float or bool");
        }
        continue;
      }
      auto column = std::make_unique<fb::InputT>();
      column->name = member.name;
      column->type = *type;
      made.columns.push_back(std::move(column));
    }
    table.finish();
    if (made.source != fb::MapSource::File && made.over == nullptr) owner.missing("file", "a file whose columns these are");
  }

  void read_item_error(fb::MapStepT& made) {
    constexpr std::string_view kQuarantine = "quarantine:";
    const std::string given = table_.text("on_item_error");
    if (given.empty() || given == "fail") return;
    if (given == "collect") {
      made.on_item_error = fb::ItemError::Collect;
    } else if (given.starts_with(kQuarantine) && given.size() > kQuarantine.size()) {
      made.on_item_error = fb::ItemError::Quarantine;
      made.quarantine = given.substr(kQuarantine.size());
    } else {
      findings_.add(ErrorId::kWorkflowAttribute, table_.path_of("on_item_error"),
                    table_.what() + " has an unknown on_item_error '" + given + "'", "there is fail, collect, quarantine:FILE");
    }
  }

  // A number of items, or a share of them: "1%".
  void read_bad_max(fb::MapStepT& made) {
    const Declared* declared = table_.take("max_bad");
    if (declared == nullptr) return;
    if (made.on_item_error == fb::ItemError::Fail) {
      findings_.add(ErrorId::kWorkflowAttribute, table_.path_of("max_bad") + "!", table_.what() + " bounds bad items and has none",
                    "an item that fails makes the step fail", "add on_item_error = \"collect\" or \"quarantine:FILE\"");
    }
    const std::string* share = declared->if_text();
    if (share == nullptr) {
      made.bad_max = table_.number("max_bad", 1, UINT32_MAX, 0);
      return;
    }
    double percent = 0;
    const auto [end, error] = std::from_chars(share->data(), share->data() + share->size(), percent);
    const bool is_share = error == std::errc() && std::string_view(end, share->data() + share->size()) == "%";
    constexpr double kPpmPerPercent = 10'000;
    if (is_share && percent * kPpmPerPercent >= 1 && percent <= 100) {
      made.bad_max_ppm = static_cast<std::uint32_t>(std::llround(percent * kPpmPerPercent));
    } else {
      table_.refuse("max_bad", "a number of items, or a share of them like \"1%\", from 0.0001% to 100%", *declared);
    }
  }

  std::unique_ptr<fb::BranchT> branch(const Declared& declared, const std::string& path, const std::string& name,
                                      bool conditional) {
    auto made = std::make_unique<fb::BranchT>();
    made->name = name;
    if (!is_workflow_name(name))
      findings_.add(ErrorId::kWorkflowName, path + "!", "'" + name + "' cannot name a branch", "a name begins with a letter");
    TableReader table(findings_, declared, path, table_.what() + "'s branch '" + name + "'");
    made->when = table.text("when");
    if (made->when.empty() && conditional) table.missing("when", "a condition");
    made->body = read_block(findings_, table);
    table.finish();
    return made;
  }

  const Findings& findings_;
  TableReader& table_;
};

struct Kind {
  std::string_view word;
  void (*read)(BodyReader& reader, fb::BodyUnion& body);
};

template <auto Read>
void set(BodyReader& reader, fb::BodyUnion& body) {
  body.Set((reader.*Read)());
}

constexpr std::array<Kind, 23> kKinds = {{
    {"action", set<&BodyReader::action>},     {"read", set<&BodyReader::read>},
    {"query", set<&BodyReader::read>},        {"transaction", set<&BodyReader::transaction>},
    {"http", set<&BodyReader::http>},         {"run", set<&BodyReader::run>},
    {"exec", set<&BodyReader::exec>},         {"over", set<&BodyReader::map>},
    {"collect", set<&BodyReader::collect>},   {"switch", set<&BodyReader::choose>},
    {"workflow", set<&BodyReader::workflow>}, {"group", set<&BodyReader::group>},
    {"around", set<&BodyReader::around>},     {"recurse", set<&BodyReader::recurse>},
    {"template", set<&BodyReader::text>},     {"sleep", set<&BodyReader::sleep>},
    {"until", set<&BodyReader::sleep>},       {"wait", set<&BodyReader::wait>},
    {"signal", set<&BodyReader::signal>},     {"approve", set<&BodyReader::approve>},
    {"halt", set<&BodyReader::halt>},         {"debug", set<&BodyReader::debug>},
    {"fail", set<&BodyReader::fail>},
}};

}  // namespace

void read_body(const Findings& findings, TableReader& table, fb::StepT& step) {
  if (table.has("sql")) {
    table.take("sql");
    findings.add(ErrorId::kWorkflowUnsupported, table.path_of("sql") + "!", table.what() + " is an sql step",
                 "this version has none", "read records with read or query");
    return;
  }
  const Kind* found = nullptr;
  for (const Kind& kind : kKinds) {
    if (!table.has(kind.word)) continue;
    if (found != nullptr) {
      findings.add(ErrorId::kWorkflowAttribute, table.path_of(kind.word) + "!", table.what() + " is of two kinds",
                   "it has " + std::string(found->word) + " and " + std::string(kind.word), "make two steps of it");
      table.take(kind.word);
      continue;
    }
    found = &kind;
  }
  if (found == nullptr && table.take("default") != nullptr) {
    findings.add(ErrorId::kWorkflowAttribute, table.path_of("default") + "!", table.what() + " has a 'default' and no 'switch'",
                 "it is what a switch does where none of its branches is taken, so it needs one at least",
                 "add a branch with when: [" + table.path() + ".switch.NAME]");
    return;
  }
  if (found == nullptr) {
    std::string words;
    for (const Kind& kind : kKinds) {
      words += (words.empty() ? "" : ", ") + std::string(kind.word);
      table.suggest(kind.word);
    }
    findings.add(ErrorId::kWorkflowAttribute, table.path() + "!", table.what() + " does nothing",
                 "one of these says what it does: " + words);
    return;
  }
  BodyReader reader(findings, table);
  found->read(reader, step.body);
}

}  // namespace forge::internal
