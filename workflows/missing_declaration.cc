#include "missing_declaration.h"

namespace forge::internal {
namespace {

Status not_in_schema(const Status& unknown, const std::string& run, const std::string& what, const char* end) {
  return Status(unknown.id(), what + " needs what the schema does not have: " + unknown.text().what)
      .why(unknown.text().why)
      .state("the run stands still")
      .remedy("bring it back: forgectl schema add FILE   or end the run without it: forgectl workflow " + std::string(end) + " " +
              run);
}

Status check_name(const std::string& name, const Domain& domain) {
  if (name.empty() || name.starts_with('_') || domain.find_action(name) != nullptr) return {};
  return domain.get_action(name).status();
}

Status check_names(const fb::BodyUnion& body, const Domain& domain) {
  if (const auto* action = body.AsActionStep()) return check_name(action->action, domain);
  if (const auto* map = body.AsMapStep()) return check_name(map->query, domain);
  const auto* read = body.AsReadStep();
  if (read == nullptr) return {};
  if (!read->query.empty()) return check_name(read->query, domain);
  return read->resource.empty() ? Status() : domain.get_resource(read->resource).status();
}

}  // namespace

Status check_declared(const Work& work, const Plan& plan, const Domain& domain, const std::string& run, const std::string& path) {
  Status missing;
  if (work.step->body.type != fb::Body::TransactionStep) {
    missing = check_names(work.step->body, domain);
  } else {
    for (const StepIndex step : plan.blocks[plan.steps[work.hop.step].blocks.at(0)].steps) {
      if (missing.ok()) missing = check_names(plan.steps[step].declared->body, domain);
    }
  }
  if (missing.ok()) return {};
  const char* part = work.purpose == Purpose::kUndo         ? "the undo of step '"
                     : work.purpose == Purpose::kCompensate ? "the clean-up of step '"
                                                            : "step '";
  // A run that is cancelled undoes what it did, and does not wait for a step that it has not done.
  return not_in_schema(missing, run, part + path + "'", work.purpose == Purpose::kRun ? "cancel" : "terminate");
}

}  // namespace forge::internal
