// The text follows the declaration (WorkflowDefinition::declaration), so that nothing which a workflow can declare is left out. A
// step's line says what it does; what else it declares stands below, a line each. Steps inside steps stand below these.

#include "workflow_text.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "forge/events/json.h"
#include "text.h"

namespace forge::cli {
namespace {

constexpr std::size_t kIndent = 2;

// A text as it is, a table as "a = 1, b = 2", all else as JSON.
std::string shown_value(const Value& value, bool inside = false) {
  if (const std::string* text = value.if_text()) return *text;
  if (const List* list = value.if_list()) {
    std::string out;
    for (const Value& item : *list) out += (out.empty() ? "" : ", ") + shown_value(item, true);
    return "[" + out + "]";
  }
  const Object* object = value.if_object();
  if (object == nullptr) return to_json(value);
  std::string out;
  for (const auto& [name, member] : object->members()) out += (out.empty() ? "" : ", ") + name + " = " + shown_value(member, true);
  return inside || out.empty() ? "{ " + out + " }" : out;
}

class WorkflowText {
 public:
  explicit WorkflowText(const WorkflowDefinition& definition)
      : declared_(definition.declaration()), steps_(definition.described_steps()), inputs_(definition.inputs()) {
    add(0, definition.name() + "  " + definition.hops().to_string() + "  " + to_hex(definition.hash()));
  }

  std::string finish() {
    for (const auto& [name, value] : declared_.members()) {
      if (name == "input") {
        add_inputs();
      } else if (name == "client") {
        for (const auto& [client, base] : value.if_object()->members()) add_pair(0, "client", client + "  " + shown_value(base));
      } else if (name == "on") {
        add_stimulus(*value.if_object());
      } else if (name == "step") {
        add_steps(*value.if_object(), 0, "step");
      } else if (name != "workflow") {
        add_pair(0, name, shown_value(value));
      }
    }
    return std::move(text_);
  }

 private:
  void add(std::size_t indent, const std::string& line) { text_ += std::string(indent, ' ') + printable(line) + "\n"; }

  void add_pair(std::size_t indent, const std::string& name, const std::string& value) {
    constexpr std::size_t kNameColumns = 12;
    add(indent, name + std::string(name.size() < kNameColumns ? kNameColumns - name.size() : 1, ' ') + value);
  }

  // "event Order.placed  where …", and what it gives.
  void add_stimulus(const Object& on) {
    std::string line;
    for (const auto& [name, value] : on.members()) {
      if (name != "input") line += (line.empty() ? "" : "  ") + name + " " + shown_value(value);
    }
    add_pair(0, "on", line);
    if (const Value* input = on.find("input")) add_pair(kIndent, "input", shown_value(*input));
  }

  void add_inputs() {
    for (const WorkflowInput& input : inputs_) {
      std::string line = input.name + ": " + input.type;
      line += input.required ? ", required" : " = " + to_json(input.default_value);
      if (input.secret) line += ", secret";
      if (!input.description.empty()) line += "   " + input.description;
      add_pair(0, "input", line);
    }
  }

  void add_steps(const Object& steps, std::size_t indent, const std::string& word) {
    for (const auto& [name, declared] : steps.members()) add_step(name, *declared.if_object(), indent, word);
  }

  // Steps come in the order in which described_steps() has them.
  void add_step(const std::string& name, const Object& declared, std::size_t indent, const std::string& word) {
    const WorkflowStepInfo& info = steps_.at(next_++);
    std::string line = name + "  " + info.does;
    for (std::size_t i = 0; i < info.after.size(); ++i) line += (i == 0 ? "  after " : ", ") + name_of(info.after[i]);
    add_pair(indent, word, line);
    const std::size_t below = indent + kIndent;
    for (const auto& [attribute, value] : declared.members()) {
      if (!is_told(info, attribute, value)) add_pair(below, attribute, shown_value(value));
    }
    add_inside(declared, below);
  }

  void add_inside(const Object& declared, std::size_t below) {
    const auto steps_in = [&](const char* name, const std::string& word) {
      if (const Value* steps = declared.find(name)) add_steps(*steps->if_object(), below, word);
    };
    const Value* around = declared.find("around");
    const auto stage = [&](const char* name) {
      const Value* step = around == nullptr ? nullptr : around->if_object()->find(name);
      if (step != nullptr) add_step(name, *step->if_object(), below, "step");
    };
    stage("begin");
    steps_in("before_all", "before");
    steps_in("step", "step");
    steps_in("after_all", "after");
    stage("commit");
    stage("abort");
    if (const Value* choice = declared.find("switch")) {
      for (const auto& [name, branch] : choice->if_object()->members()) add_branch(name, *branch.if_object(), below);
    }
    if (const Value* otherwise = declared.find("default")) add_branch("default", *otherwise->if_object(), below);
  }

  void add_branch(const std::string& name, const Object& branch, std::size_t indent) {
    const auto words = [&](const char* attribute) {
      const Value* value = branch.find(attribute);
      return value == nullptr ? std::string() : std::string("  ") + attribute + " " + shown_value(*value);
    };
    add_pair(indent, "branch", name + words("when") + words("return"));
    if (const Value* steps = branch.find("step")) add_steps(*steps->if_object(), indent + kIndent, "step");
  }

  static std::string name_of(const std::string& path) { return path.substr(path.rfind('.') + 1); }

  // What stands in the step's line already, `after` among it, or is told by the steps inside.
  static bool is_told(const WorkflowStepInfo& info, const std::string& attribute, const Value& value) {
    constexpr std::array<std::string_view, 9> kInside = {"step",  "switch",      "default",    "around",   "after",
                                                         "group", "transaction", "before_all", "after_all"};
    if (std::find(kInside.begin(), kInside.end(), attribute) != kInside.end()) return true;
    constexpr std::array<std::string_view, 6> kSaid = {"action", "read", "query", "run", "workflow", "signal"};
    const bool is_said = std::find(kSaid.begin(), kSaid.end(), attribute) != kSaid.end() && value.if_text() != nullptr;
    return is_said && info.does.ends_with(" " + *value.if_text());
  }

  const Object declared_;
  const std::vector<WorkflowStepInfo> steps_;
  const std::vector<WorkflowInput> inputs_;
  std::string text_;
  std::size_t next_ = 0;  // of steps_
};

}  // namespace

std::string workflow_text(const WorkflowDefinition& definition) {
  return WorkflowText(definition).finish();
}

}  // namespace forge::cli
