// How calls of http steps are made: a thread of the loop reads the secrets that they need, then they are the caller's
// (http_steps.h), and their outcome comes back like any other.

#include <algorithm>

#include "run_engine.h"

namespace forge::internal {
namespace {

constexpr std::uint32_t kEmptyPagesMax = 100;  // in a row

const fb::HttpStepT* request_of(const Work& work) {
  const fb::MapStepT* map = work.step->body.AsMapStep();
  return map != nullptr ? map->pages.get() : work.step->body.AsHttpStep();
}

const fb::ClientT* client_of(const WorkflowDefinition& definition, const fb::HttpStepT& http) {
  const auto& clients = definition.plan().declared->clients;
  const auto found = std::find_if(clients.begin(), clients.end(), [&](const auto& one) { return one->name == http.client; });
  return found == clients.end() ? nullptr : found->get();
}

}  // namespace

bool is_http(const Work& work) {
  return request_of(work) != nullptr;
}

void RunEngine::start_call(LiveRun& live, const Work& work, const std::shared_ptr<Attempt>& attempt) {
  if (http_ == nullptr) {
    return stand_still(
        live, work,
        Status(ErrorId::kWorkflowUnsupported, "step '" + live.run.fold->path_of_hop(work.hop) + "' cannot be carried out")
            .why("this runner makes no requests"));
  }
  live.attempts[work.hop] = attempt;
  // Definitions that were read live as long as the engine, in its cache.
  const fb::HttpStepT* http = request_of(work);
  const fb::ClientT* client = client_of(live.run.fold->definition(), *http);
  const std::string& id = live.run.head.id;
  loop_.start([this, id, work, attempt, http, client] {
    Result<HttpCall> call = make_call(*http, client, work, options_.http);
    loop_.post([this, id, work, attempt, call = std::move(call)]() mutable { take_call(id, work, attempt, std::move(call)); });
  });
}

void RunEngine::take_call(const std::string& id, const Work& work, const std::shared_ptr<Attempt>& attempt, Result<HttpCall> call) {
  const auto begin = std::chrono::steady_clock::now();
  if (attempt->abandoned || stopped_) return;
  if (!call.ok()) return take_outcome(id, attempt, work, {.outcome = failure_of(call.status())}, 0);
  http_->start(*std::move(call), attempt->stop.get_token(), [this, id, work, attempt, begin](WorkOutcome outcome) {
    const fb::MapStepT* map = work.step->body.AsMapStep();
    if (map != nullptr) {
      outcome = page_of(*map, work, std::move(outcome));
      bound_empty_pages(id, work, outcome);
    }
    const auto took = std::chrono::steady_clock::now() - begin;
    take_outcome(id, attempt, work, std::move(outcome), std::chrono::duration_cast<std::chrono::nanoseconds>(took).count());
  });
}

// A source that names a next page for ever and has nothing on them would fill the journal. The bound is held here and not where it
// is decided, so that a journal of before, which may have more of them, is still read as it was.
void RunEngine::bound_empty_pages(const std::string& id, const Work& work, WorkOutcome& outcome) {
  const LiveRun* live = find(id);
  const List* items = outcome.outcome.value.if_list();
  const bool goes_on = outcome.outcome.kind == StepOutcome::Kind::kDone && !outcome.cursor.is_null();
  if (!goes_on || items == nullptr || !items->empty() || live == nullptr || live->run.fold == nullptr) return;
  const auto& loops = live->run.fold->state().loops;
  const auto loop = loops.find(work.hop);
  if (loop == loops.end() || loop->second.empty_pages + 1 < kEmptyPagesMax) return;
  outcome = {.outcome = StepOutcome::failed(
                 "empty_pages", "the last " + std::to_string(kEmptyPagesMax) +
                                    " pages have no items, and there is always a next one: let 'cursor' name what is absent, null, "
                                    "\"\" or false after the last page, or ask for pages that have some")};
}

}  // namespace forge::internal
