#include "undo_actions.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace forge::internal {
namespace {

struct UndoAction {
  std::string_view name;
  std::uint16_t number;  // never reused: store/FORMAT.md
  ActionKind kind;
};

constexpr std::array kUndoActions = {UndoAction{"_undo_create", 40, ActionKind::kDestroys},
                                     UndoAction{"_undo_update", 41, ActionKind::kUpdates},
                                     UndoAction{"_undo_destroy", 42, ActionKind::kCreates}};

Action action_of(const UndoAction& undo, const Resource& resource) {
  Action action;
  action.name = resource.name + "." + std::string(undo.name);
  action.event_type = resource.name + "._undone";
  action.number = undo.number;
  action.kind = undo.kind;
  action.resource = &resource;
  action.undoes = true;
  action.arguments.name = action.name;
  action.key_arguments.assign(resource.key_fields.size(), -1);
  for (const std::uint16_t part : resource.key_fields) action.implicit_key.push_back(resource.record.fields[part].name);
  action.documentation = "Take an event back.";
  action.place = resource.place;
  return action;
}

}  // namespace

void add_undo_actions(DomainModel& model) {
  model.undo_actions.reserve(model.resources.size() * kUndoActions.size());
  for (Resource& resource : model.resources) {
    if (resource.name.starts_with('_')) continue;
    for (const UndoAction& undo : kUndoActions) {
      resource.undo_actions.push_back(&model.undo_actions.emplace_back(action_of(undo, resource)));
    }
  }
}

}  // namespace forge::internal
