#include "forge/workflows/workflow.h"

#include <deque>

#include "definition_parts.h"

namespace forge {

using internal::Declared;

// A table that is still being declared: attributes, and tables inside it that have drafts of their own.
struct WorkflowBlock::Draft {
  struct Child {
    std::string name;
    std::unique_ptr<Draft> draft;
  };

  std::vector<std::pair<std::string, Declared>> attributes;
  std::vector<Child> children;  // tables, in declared order; `step` among them has the steps
  std::deque<WorkflowStep> handles;

  void set(std::string_view name, Declared value) {
    for (auto& [known, current] : attributes) {
      if (known == name) {
        current = std::move(value);
        return;
      }
    }
    attributes.emplace_back(name, std::move(value));
  }

  Draft& add(std::string_view name) {
    children.push_back({std::string(name), std::make_unique<Draft>()});
    return *children.back().draft;
  }

  // The child of that name, which is made where there is none.
  Draft& child(std::string_view name) {
    for (Child& known : children) {
      if (known.name == name) return *known.draft;
    }
    return add(name);
  }

  Declared declared() const {
    Declared made;
    made.kind = Declared::Kind::kTable;
    for (const auto& [name, value] : attributes) made.members.push_back({name, value, {}});
    for (const Child& child : children) made.members.push_back({child.name, child.draft->declared(), {}});
    return made;
  }
};

WorkflowStep& WorkflowBlock::step(std::string_view name) {
  Draft& steps = draft_->child("step");
  Draft& made = steps.add(name);
  steps.handles.push_back(WorkflowStep(made));
  return steps.handles.back();
}

void WorkflowBlock::returns(std::string_view step) {
  draft_->set("return", internal::declare(step));
}

WorkflowStep& WorkflowStep::set(std::string_view attribute, const Value& value) {
  draft_->set(attribute, internal::declare(value));
  return *this;
}

WorkflowStep& WorkflowStep::action(std::string_view name, const Args& args) {
  set("action", name);
  return args.empty() ? *this : set("args", args);
}
WorkflowStep& WorkflowStep::read(std::string_view resource, const Value& key) {
  return set("read", resource).set("key", key);
}
WorkflowStep& WorkflowStep::query(std::string_view name, const Args& args) {
  set("query", name);
  return args.empty() ? *this : set("args", args);
}
WorkflowStep& WorkflowStep::http(const Object& request) {
  return set("http", request);
}
WorkflowStep& WorkflowStep::run(std::string_view function, const Args& args) {
  set("run", function);
  return args.empty() ? *this : set("args", args);
}
WorkflowStep& WorkflowStep::exec(const List& program, const Args& args) {
  set("exec", program);
  return args.empty() ? *this : set("args", args);
}
WorkflowStep& WorkflowStep::over(const Value& items) {
  return set("over", items);
}
WorkflowStep& WorkflowStep::collect(const Object& results) {
  return set("collect", results);
}
WorkflowStep& WorkflowStep::workflow(std::string_view name, const Args& input) {
  set("workflow", name);
  return input.empty() ? *this : set("args", input);
}
WorkflowStep& WorkflowStep::recurse(const Object& bounds) {
  return set("recurse", bounds);
}
WorkflowStep& WorkflowStep::wait(const Value& signal, const Value& key) {
  set("wait", signal);
  return key.is_null() ? *this : set("key", key);
}

WorkflowBlock WorkflowStep::branch(std::string_view name, std::string_view when) {
  if (when.empty()) return WorkflowBlock(draft_->child("default"));
  WorkflowBlock::Draft& made = draft_->child("switch").add(name);
  made.set("when", internal::declare(when));
  return WorkflowBlock(made);
}

WorkflowBlock WorkflowStep::inside() {
  return WorkflowBlock(*draft_);
}

WorkflowStep& WorkflowStep::after(std::initializer_list<std::string_view> steps) {
  List names;
  for (const std::string_view name : steps) names.emplace_back(name);
  return set("after", std::move(names));
}
WorkflowStep& WorkflowStep::where(std::string_view condition) {
  return set("where", condition);
}
WorkflowStep& WorkflowStep::retry(const Object& retry) {
  return set("retry", retry);
}
WorkflowStep& WorkflowStep::undo(const Value& how) {
  return set("undo", how);
}
WorkflowStep& WorkflowStep::compensate(const List& clauses) {
  return set("compensate", clauses);
}

Workflow::Workflow(std::unique_ptr<Draft> draft) : WorkflowBlock(*draft), root_(std::move(draft)) {}
Workflow::Workflow(std::string_view name) : Workflow(std::make_unique<Draft>()) {
  set("workflow", name);
}
Workflow::~Workflow() = default;

Workflow& Workflow::set(std::string_view attribute, const Value& value) {
  root_->set(attribute, internal::declare(value));
  return *this;
}

Workflow& Workflow::input(std::string_view name, const Value& type) {
  root_->child("input").attributes.emplace_back(name, internal::declare(type));
  return *this;
}

Workflow& Workflow::client(std::string_view name, const Object& base) {
  root_->child("client").attributes.emplace_back(name, internal::declare(Value(base)));
  return *this;
}

WorkflowDefinition::Outcome Workflow::define() const {
  internal::Places places;
  for (const auto& [name, value] : root_->attributes) {
    if (name == "workflow" && value.if_text() != nullptr) places.name_workflow(*value.if_text());
  }
  return internal::define(root_->declared(), std::move(places));
}

}  // namespace forge
