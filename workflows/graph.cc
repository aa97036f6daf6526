#include "forge/workflows/graph.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "body_parts.h"
#include "decision.h"

namespace forge {

using internal::BlockIndex;
using internal::Plan;
using internal::PlannedStep;
using internal::StepIndex;

namespace {

std::string undo_words(const PlannedStep& step) {
  const fb::UndoT* undo = step.declared->undo.get();
  if (undo == nullptr) return "";
  return undo->body == nullptr ? "undo auto" : "undo " + internal::words_of_body(*undo->body);
}

// "switch.b", "before_all": how a block is called that is not a step's only one.
std::string block_name(const PlannedStep& owner, std::size_t index) {
  const auto parts = internal::inner_blocks(owner.declared->body);
  if (owner.declared->body.type == fb::Body::AroundStep) {
    constexpr const char* kStages[] = {"begin", "", "commit", "abort"};
    return kStages[index];
  }
  std::string name = parts[index].path.substr(1);
  if (name == "step") return "";
  if (name.ends_with(".step")) name.resize(name.size() - 5);
  return name;
}

// ---- Text

struct Row {
  std::string name;
  std::string body;
  std::string rest;
};

void add_rows(const Plan& plan, BlockIndex block, std::size_t depth, std::vector<Row>& rows) {
  const std::string indent(2 * depth, ' ');
  for (const StepIndex index : plan.blocks[block].steps) {
    const PlannedStep& step = plan.steps[index];
    Row row{.name = indent + step.declared->name, .body = internal::words_of_body(*step.declared), .rest = ""};
    const auto add = [&row](const std::string& words) { row.rest += (row.rest.empty() ? "" : "  ") + words; };
    std::string after;
    for (const StepIndex need : step.needs) after += (after.empty() ? "after " : ", ") + plan.steps[need].declared->name;
    if (!after.empty()) add(after);
    if (!step.declared->where.empty()) add("where " + step.declared->where);
    if (const std::string undo = undo_words(step); !undo.empty()) add(undo);
    rows.push_back(std::move(row));
    for (std::size_t i = 0; i < step.blocks.size(); ++i) {
      if (step.blocks[i] == internal::kNone) continue;
      const std::string name = block_name(step, i);
      if (!name.empty()) rows.push_back({indent + "  " + name + ":", "", ""});
      add_rows(plan, step.blocks[i], depth + (name.empty() ? 1 : 2), rows);
    }
  }
}

std::string draw_text(const WorkflowDefinition& definition) {
  std::vector<Row> rows;
  add_rows(definition.plan(), 0, 1, rows);
  std::size_t name_columns = 0;
  std::size_t body_columns = 0;
  for (const Row& row : rows) {
    name_columns = std::max(name_columns, row.name.size());
    body_columns = std::max(body_columns, row.body.size());
  }
  std::string text = definition.name() + "  " + definition.hops().to_string() + "\n";
  if (const std::string stimulus = definition.stimulus(); !stimulus.empty()) text += "on " + stimulus + "\n";
  for (const Row& row : rows) {
    std::string line = row.name;
    if (!row.body.empty()) line += std::string(name_columns - row.name.size() + 2, ' ') + row.body;
    if (!row.rest.empty()) line += std::string(body_columns - row.body.size() + 2, ' ') + row.rest;
    text += line + "\n";
  }
  return text;
}

// ---- Languages that draw

// A label's lines in the language's quotes.
std::string label_of(const std::vector<std::string>& lines, bool mermaid) {
  std::string label = "\"";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) label += mermaid ? "<br/>" : "\\n";
    for (const char c : lines[i]) {
      const bool special = mermaid ? std::string_view("\"<>#&`").find(c) != std::string_view::npos : c == '"' || c == '\\';
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        label += ' ';
      } else if (special && mermaid) {
        label += '#' + std::to_string(static_cast<int>(c)) + ';';
      } else {
        if (special) label += '\\';
        label += c;
      }
    }
  }
  return label + "\"";
}

class Drawing {
 public:
  Drawing(const WorkflowDefinition& definition, bool mermaid)
      : plan_(definition.plan()), stimulus_(definition.stimulus()), mermaid_(mermaid) {
    text_ =
        mermaid ? "flowchart LR\n" : "digraph " + label_of({definition.name()}, false) + " {\n  rankdir=LR\n  node [shape=box]\n";
  }

  std::string finish() {
    add_block(0, 1);
    if (!stimulus_.empty()) add_stimulus();
    for (StepIndex i = 0; i < plan_.steps.size(); ++i) add_edges(i);
    return std::move(text_) + (mermaid_ ? "" : "}\n");
  }

 private:
  static std::string id_of(StepIndex step) { return "s" + std::to_string(step); }

  // It leads to the steps that wait for nothing.
  void add_stimulus() {
    const std::string label = label_of({"on " + stimulus_}, mermaid_);
    text_ += mermaid_ ? "  on([" + label + "])\n" : "  on [label=" + label + " shape=ellipse]\n";
    for (const StepIndex step : plan_.blocks[0].steps) {
      if (plan_.steps[step].needs.empty()) text_ += std::string("  on ") + (mermaid_ ? "-->" : "->") + " " + id_of(step) + "\n";
    }
  }

  void add_block(BlockIndex block, std::size_t depth) {
    for (const StepIndex step : plan_.blocks[block].steps) {
      add_step(step, depth);
      for (std::size_t i = 0; i < plan_.steps[step].blocks.size(); ++i) {
        if (plan_.steps[step].blocks[i] != internal::kNone) add_frame(step, i, depth);
      }
    }
  }

  void add_step(StepIndex index, std::size_t depth) {
    const PlannedStep& step = plan_.steps[index];
    std::vector<std::string> lines{step.declared->name, internal::words_of_body(*step.declared)};
    if (const std::string undo = undo_words(step); !undo.empty()) lines.push_back(undo);
    const std::string label = label_of(lines, mermaid_);
    text_ += std::string(2 * depth, ' ') + id_of(index);
    if (mermaid_) {
      text_ += "[" + label + "]\n";
      if (step.can_skip) text_ += std::string(2 * depth, ' ') + "style " + id_of(index) + " stroke-dasharray: 4\n";
    } else {
      text_ += " [label=" + label + (step.can_skip ? " style=dashed" : "") + "]\n";
    }
  }

  void add_frame(StepIndex owner, std::size_t index, std::size_t depth) {
    const PlannedStep& step = plan_.steps[owner];
    const std::string name = block_name(step, index);
    const std::string label = label_of({step.declared->name + (name.empty() ? "" : " " + name)}, mermaid_);
    const std::string id = id_of(owner) + "b" + std::to_string(index);
    const std::string indent(2 * depth, ' ');
    if (mermaid_) {
      text_ += indent + "subgraph " + id + "[" + label + "]\n";
    } else {
      text_ += indent + "subgraph cluster_" + id + " {\n" + indent + "  label=" + label + "\n";
    }
    add_block(step.blocks[index], depth + 1);
    text_ += indent + (mermaid_ ? "end\n" : "}\n");
  }

  void add_edges(StepIndex index) {
    const PlannedStep& step = plan_.steps[index];
    for (const StepIndex need : step.needs) {
      text_ += "  " + id_of(need) + (mermaid_ ? " --> " : " -> ") + id_of(index) + "\n";
    }
    const StepIndex owner = plan_.blocks[step.block].owner;
    if (owner == internal::kNone || !step.needs.empty()) return;
    text_ += "  " + id_of(owner) + (mermaid_ ? " -.-> " : " -> ") + id_of(index) + (mermaid_ ? "\n" : " [style=dotted]\n");
  }

  const Plan& plan_;
  const std::string stimulus_;
  bool mermaid_;
  std::string text_;
};

}  // namespace

std::string draw_workflow(const WorkflowDefinition& definition, WorkflowDrawing as) {
  if (as == WorkflowDrawing::kText) return draw_text(definition);
  return Drawing(definition, as == WorkflowDrawing::kMermaid).finish();
}

}  // namespace forge
