#include "schema_graph.h"

#include <algorithm>
#include <set>
#include <vector>

#include "records.h"

namespace forge::cli {
namespace {

enum class Shape : std::uint8_t { kBox, kRound, kState, kStart };

struct Node {
  std::string id, label;
  Shape shape = Shape::kBox;
};

struct Edge {
  std::string from, to, label;
  bool is_dashed = false;
};

// The states of one field, drawn in a frame of their own.
struct Frame {
  std::string id, label;
  std::vector<Node> nodes;
};

struct Graph {
  std::vector<Node> nodes;
  std::vector<Frame> frames;
  std::vector<Edge> edges;
};

class GraphBuilder {
 public:
  explicit GraphBuilder(const Domain& domain) : domain_(domain) {}

  Graph build() {
    const std::vector<const Resource*> resources = user_resources(domain_);
    for (const Resource* resource : resources) {
      graph_.nodes.push_back({id_of(*resource), resource->name + " (" + definition_of(*resource, resource->key_fields) + ")"});
    }
    for (const Resource* resource : resources) {
      add_references(*resource);
      add_states(*resource);
      for (const Action* action : resource->actions) add_action(*action);
    }
    return std::move(graph_);
  }

 private:
  static std::string id_of(const Resource& resource) { return "r" + std::to_string(resource.number); }
  static std::string id_of(const Resource& resource, std::size_t field) { return id_of(resource) + "f" + std::to_string(field); }
  static std::string id_of(const Resource& resource, std::size_t field, std::size_t value) {
    return id_of(resource, field) + "v" + std::to_string(value);
  }

  void add_references(const Resource& resource) {
    for (const Reference& reference : resource.references) {
      graph_.edges.push_back({id_of(resource), id_of(*reference.target), reference.name});
    }
  }

  // The value that the action sets the field to, where that is the name of one.
  static const EnumValue* constant_of(const Resource& resource, const Assignment& assignment) {
    const Field& field = resource.record.fields[assignment.field];
    if (field.enumeration == nullptr || field.type == BaseType::kVector) return nullptr;
    for (const EnumValue& value : field.enumeration->values) {
      if (assignment.expression.text() == "'" + value.name + "'") return &value;
    }
    return nullptr;
  }

  static std::set<std::size_t> state_fields(const Resource& resource) {
    std::set<std::size_t> out;
    for (const Transitions& transitions : resource.transitions) out.insert(transitions.field);
    for (const Action* action : resource.actions) {
      for (const Assignment& assignment : action->assignments) {
        if (constant_of(resource, assignment) != nullptr) out.insert(assignment.field);
      }
    }
    return out;
  }

  static std::string id_of_value(const Resource& resource, std::size_t field, std::int64_t number) {
    const std::vector<EnumValue>& values = resource.record.fields[field].enumeration->values;
    const auto found = std::find_if(values.begin(), values.end(), [&](const EnumValue& value) { return value.value == number; });
    return id_of(resource, field, static_cast<std::size_t>(found - values.begin()));
  }

  void add_states(const Resource& resource) {
    for (const std::size_t index : state_fields(resource)) {
      const Field& field = resource.record.fields[index];
      Frame frame{id_of(resource, index), resource.name + "." + field.name, {}};
      for (std::size_t i = 0; i < field.enumeration->values.size(); ++i) {
        frame.nodes.push_back({id_of(resource, index, i), field.enumeration->values[i].name, Shape::kState});
      }
      graph_.edges.push_back({id_of(resource), frame.nodes.front().id, field.name, true});
      graph_.frames.push_back(std::move(frame));
    }
    for (const Transitions& transitions : resource.transitions) add_transitions(resource, transitions);
  }

  void add_transitions(const Resource& resource, const Transitions& transitions) {
    const std::string start = id_of(resource, transitions.field) + "start";
    const auto frame = std::find_if(graph_.frames.begin(), graph_.frames.end(),
                                    [&](const Frame& one) { return one.id == id_of(resource, transitions.field); });
    frame->nodes.push_back({start, "", Shape::kStart});
    for (const std::int64_t value : transitions.initial) {
      graph_.edges.push_back({start, id_of_value(resource, transitions.field, value), ""});
    }
    for (const auto& [from, to] : transitions.steps) {
      graph_.edges.push_back({id_of_value(resource, transitions.field, from), id_of_value(resource, transitions.field, to), ""});
    }
  }

  void add_action(const Action& action) {
    const Resource& resource = *action.resource;
    const std::string id = "a" + std::to_string(action.number);
    graph_.nodes.push_back({id, action.name, Shape::kRound});
    graph_.edges.push_back({id, id_of(resource), std::string(name_of(action.kind))});
    for (const Assignment& assignment : action.assignments) {
      const EnumValue* const value = constant_of(resource, assignment);
      if (value != nullptr) graph_.edges.push_back({id, id_of_value(resource, assignment.field, value->value), "sets", true});
    }
  }

  const Domain& domain_;
  Graph graph_;
};

// ---- Mermaid ----

std::string mermaid_of(const Node& node) {
  switch (node.shape) {
    case Shape::kRound:
      return node.id + "([\"" + node.label + "\"])";
    case Shape::kState:
      return node.id + "(\"" + node.label + "\")";
    case Shape::kStart:
      return node.id + "((\" \"))";
    case Shape::kBox:
      break;
  }
  return node.id + "[\"" + node.label + "\"]";
}

std::string mermaid_of(const Edge& edge) {
  const std::string label = edge.label.empty() ? "" : "|\"" + edge.label + "\"|";
  return edge.from + (edge.is_dashed ? " -.->" : " -->") + label + " " + edge.to;
}

std::string mermaid_of(const Graph& graph) {
  std::string out = "flowchart LR\n";
  for (const Node& node : graph.nodes) out += "  " + mermaid_of(node) + "\n";
  for (const Frame& frame : graph.frames) {
    out += "  subgraph " + frame.id + "[\"" + frame.label + "\"]\n";
    for (const Node& node : frame.nodes) out += "    " + mermaid_of(node) + "\n";
    out += "  end\n";
  }
  for (const Edge& edge : graph.edges) out += "  " + mermaid_of(edge) + "\n";
  return out;
}

// ---- DOT ----

std::string dot_of(const Node& node) {
  switch (node.shape) {
    case Shape::kRound:
      return node.id + " [shape=box, style=rounded, label=\"" + node.label + "\"];";
    case Shape::kState:
      return node.id + " [shape=ellipse, label=\"" + node.label + "\"];";
    case Shape::kStart:
      return node.id + " [shape=point];";
    case Shape::kBox:
      break;
  }
  return node.id + " [shape=box, label=\"" + node.label + "\"];";
}

std::string dot_of(const Edge& edge) {
  std::string out = edge.from + " -> " + edge.to + " [label=\"" + edge.label + "\"";
  return out + (edge.is_dashed ? ", style=dashed];" : "];");
}

std::string dot_of(const Graph& graph) {
  std::string out = "digraph schema {\n  rankdir=LR;\n";
  for (const Node& node : graph.nodes) out += "  " + dot_of(node) + "\n";
  for (const Frame& frame : graph.frames) {
    out += "  subgraph cluster_" + frame.id + " {\n    label=\"" + frame.label + "\";\n";
    for (const Node& node : frame.nodes) out += "    " + dot_of(node) + "\n";
    out += "  }\n";
  }
  for (const Edge& edge : graph.edges) out += "  " + dot_of(edge) + "\n";
  return out + "}\n";
}

}  // namespace

std::string schema_graph(const Domain& domain, GraphLanguage language) {
  const Graph graph = GraphBuilder(domain).build();
  return language == GraphLanguage::kDot ? dot_of(graph) : mermaid_of(graph);
}

}  // namespace forge::cli
