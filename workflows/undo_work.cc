// Undoing a step from the log. What a step did to the store is in one transaction with the fact that it is done, among events of
// the run's own record; the store derives what takes each event back (forge/store/store.h, Store::undo). What somebody took back
// meanwhile is left as it is.

#include "forge/store/view.h"
#include "step_work.h"

namespace forge::internal {
namespace {

Result<std::vector<ActionRequest>> undo_requests(const View& view, Seq done_at) {
  std::vector<ActionRequest> requests;
  FORGE_ASSIGN(const Event done, view.event(done_at));
  const Seq first = done.seq - done.place;
  for (Seq seq = first + done.count - 1; seq >= first; --seq) {
    FORGE_ASSIGN(const Event event, view.event(seq));
    if (event.resource.empty() || event.resource.starts_with('_')) continue;
    FORGE_ASSIGN(const std::optional<Seq> by, view.undone_by(seq));
    if (!by) requests.push_back({.undoes = seq});
  }
  return requests;
}

}  // namespace

bool undoes_from_log(const Work& work, const Plan& plan) {
  const fb::StepT& declared = *plan.steps[work.hop.step].declared;
  const bool is_auto = declared.undo != nullptr && declared.undo->kind == fb::UndoKind::Auto;
  return work.purpose == Purpose::kUndo && is_auto && work.step == &declared && !stands_for_run(work, plan);
}

WorkOutcome undo_from_log(const View& view, const std::optional<Seq>& done_at) {
  WorkOutcome out{.outcome = StepOutcome::done()};
  if (!done_at) return out;
  Result<std::vector<ActionRequest>> requests = undo_requests(view, *done_at);
  if (!requests.ok()) return {.outcome = failure_of(requests.status())};
  out.actions = *std::move(requests);
  return out;
}

}  // namespace forge::internal
