#include "forge/projections/projection.h"

#include <exception>

namespace forge {
namespace {

std::string place_of(const Envelope& envelope, const Domain& domain) {
  const Action* action = domain.action(envelope.resource, envelope.action);
  const std::string type(action != nullptr ? std::string_view(action->event_type) : kEmptyTransactionType);
  return "event " + std::to_string(envelope.seq) + " " + type;
}

Status threw(const char* what) {
  return Status(ErrorId::kProjectionFailed, std::string("it threw ") + what);
}

Status call(const Projection& projection, const Envelope& envelope, const Domain& domain, const Event* event, FoldRows& rows) {
  try {
    if (event != nullptr) return std::get<EventFold>(projection.fold)(*event, rows);
    return std::get<EnvelopeFold>(projection.fold)(envelope, domain, rows);
  } catch (const std::exception& thrown) {
    return threw((std::string("an exception: ") + thrown.what()).c_str());
  } catch (...) {
    return threw("something that is no exception");
  }
}

}  // namespace

std::string_view name_of(ProjectionMode mode) {
  return mode == ProjectionMode::kInline ? "inline" : "following";
}

Status fold_event(const Projection& projection, const Envelope& envelope, const Domain& domain, FoldRows& rows) {
  rows.begin();
  std::optional<Event> event;
  if (std::holds_alternative<EventFold>(projection.fold)) {
    FORGE_ASSIGN(event, resolve_event(envelope, domain));
  }
  const Status done = call(projection, envelope, domain, event ? &*event : nullptr, rows);
  if (done.ok() && rows.read_failure().ok()) return {};
  rows.roll_back();
  FORGE_TRY(rows.read_failure());
  return Status(ErrorId::kProjectionFailed, "the projection '" + projection.name + "' failed")
      .why(done.text().why.empty() ? done.text().what : done.text().what + ": " + done.text().why)
      .place(place_of(envelope, domain));
}

}  // namespace forge
