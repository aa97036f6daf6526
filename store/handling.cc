#include "handling.h"

#include <string>

#include "forge/events/codec.h"
#include "program_code.h"

namespace forge {
namespace {

Value value_in(const TableType& table, std::span<const Cell> cells, std::string_view name) {
  const Field* field = table.find(name);
  return field == nullptr || field->id >= cells.size() ? Value() : reveal_cell(*field, cells[field->id]);
}

}  // namespace

Value ActionCall::field_before(std::string_view field) const {
  return value_in(action.resource->record, before, field);
}
Value ActionCall::field_after(std::string_view field) const {
  return value_in(action.resource->record, after, field);
}
Value ActionCall::argument(std::string_view name) const {
  return value_in(action.arguments, arguments, name);
}

namespace internal {
namespace {

Status handler_failed(const Action& action, std::string why) {
  return code_failed(action, "handler", std::move(why));
}

// A cell whose text does not borrow from what the handler gave.
Cell kept(const Cell& cell, std::pmr::memory_resource& memory) {
  if (cell.kind != Kind::kText) return cell;
  const std::string_view text = cell.as_text();
  char* const copy = static_cast<char*>(memory.allocate(text.size() + 1, 1));
  text.copy(copy, text.size());
  return Cell::of(std::string_view(copy, text.size()));
}

// The field that a handler may set under that name.
Result<const Field*> settable(const Action& action, const std::string& name) {
  const Resource& resource = *action.resource;
  const Field* field = resource.record.find(name);
  if (field == nullptr) {
    return Status(ErrorId::kUnknownField, "the handler of " + action.name + " sets an unknown field '" + name + "'")
        .place(action.place);
  }
  if (resource.is_key(field->id) || field->computed || action.kind == ActionKind::kDestroys) {
    return handler_failed(action, "it sets " + name + ", and " +
                                      (field->computed                        ? "that is computed from others"
                                       : action.kind == ActionKind::kDestroys ? "the record is destroyed"
                                                                              : "a record keeps its key"));
  }
  return field;
}

}  // namespace

Status handle_action(const ActionHandlers& handlers, const ActionCall& call, std::pmr::memory_resource& memory, Row& after) {
  const auto found = handlers.find(call.action.name);
  if (found == handlers.end() || !found->second) {
    return Status(ErrorId::kHandlerMissing, call.action.name + " needs a handler, which this program does not have")
        .place(call.action.place);
  }
  const Result<Object> given = call_code<Object>(call.action, "handler", found->second, call);
  if (!given.ok()) return given.status();
  for (const auto& [name, value] : given->members()) {
    FORGE_ASSIGN(const Field* field, settable(call.action, name));
    FORGE_ASSIGN(const Cell cell, cell_from_value(*field, value, "the handler of " + call.action.name, memory));
    after[field->id] = kept(cell, memory);
  }
  return {};
}

}  // namespace internal
}  // namespace forge
