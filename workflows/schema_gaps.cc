// The same check that a workflow's file is held against, once with each schema: what only the second one lacks is a gap.

#include "forge/workflows/schema_gaps.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "forge/workflows/runs.h"
#include "plan.h"
#include "run_journal.h"
#include "surroundings_check.h"

namespace forge {
namespace {

// A definition that is in force, or that open runs keep to.
struct NeededDefinition {
  std::shared_ptr<const WorkflowDefinition> definition;
  std::vector<std::string> runs;
  bool is_in_force = false;
};

// Places and words of what the schema lacks.
std::vector<std::pair<std::string, std::string>> lacks(const WorkflowDefinition& definition, const Domain& domain) {
  internal::Places places;
  std::vector<Status> found;
  const internal::Findings findings{places, found};
  // The check keeps nothing of what it is given.
  const std::shared_ptr<const Domain> borrowed(std::shared_ptr<void>(), &domain);
  internal::check_surroundings(*definition.plan().declared, {.domain = borrowed}, findings, findings);
  std::vector<std::pair<std::string, std::string>> told;
  for (const Status& one : found) {
    const std::string& place = one.text().place;
    const std::size_t colon = place.find(": ");
    told.emplace_back(colon == std::string::npos ? place : place.substr(colon + 2), one.text().what);
  }
  return told;
}

// By workflow, then by hash.
Result<std::map<std::pair<std::string, std::string>, NeededDefinition>> needed_definitions(const View& view) {
  std::map<std::pair<std::string, std::string>, NeededDefinition> needed;
  internal::DefinitionCache cache;
  FORGE_ASSIGN(const std::vector<WorkflowInfo> in_force, workflows(view));
  for (const WorkflowInfo& info : in_force) {
    const auto found = internal::newest_definition(view, info.name, cache);
    if (found.ok()) needed[{info.name, info.hash}] = {found->definition, {}, true};
  }
  for (const char* status : {"running", "halted"}) {
    FORGE_ASSIGN(const std::vector<RunInfo> open, runs(view, status));
    for (const RunInfo& run : open) {
      NeededDefinition& of = needed[{run.workflow, run.hash}];
      of.runs.push_back(run.id);
      if (of.definition != nullptr) continue;
      const Result<internal::JournalHead> head = internal::read_head(view, run.id);
      const auto read = head.ok() ? internal::read_definition(view, head->pin, cache) : head.status();
      if (read.ok()) of.definition = *read;
    }
  }
  return needed;
}

}  // namespace

Result<std::vector<SchemaGap>> schema_gaps(const View& view, const Domain& before, const Domain& after) {
  FORGE_ASSIGN(auto needed, needed_definitions(view));
  std::vector<SchemaGap> gaps;
  for (auto& [name_and_hash, of] : needed) {
    if (of.definition == nullptr) continue;
    std::sort(of.runs.begin(), of.runs.end());
    const auto lacked = lacks(*of.definition, before);
    const std::set<std::pair<std::string, std::string>> known(lacked.begin(), lacked.end());
    for (const auto& [place, missing] : lacks(*of.definition, after)) {
      if (known.contains({place, missing})) continue;
      SchemaGap gap{.workflow = name_and_hash.first, .place = place, .missing = missing, .open_runs = of.runs.size()};
      gap.runs.assign(of.runs.begin(), of.runs.begin() + static_cast<std::ptrdiff_t>(std::min(of.runs.size(), kSchemaGapRuns)));
      gap.is_in_force = of.is_in_force;
      gaps.push_back(std::move(gap));
    }
  }
  return gaps;
}

}  // namespace forge
