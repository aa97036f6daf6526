#include "waiting_line.h"

#include "text.h"

namespace forge::cli {
namespace {

constexpr std::chrono::seconds kBetweenLooks{1};
constexpr std::chrono::seconds kBetweenLines{10};

}  // namespace

Status WaitingLine::look(Session& session, const Runner& runner, const std::function<std::string(const RunnerOutlook&)>& words) {
  const auto now = std::chrono::steady_clock::now();
  if (!session.out.is_table() || now < next_look_) return {};
  next_look_ = now + kBetweenLooks;
  FORGE_ASSIGN(const RunnerOutlook outlook, runner.outlook());
  std::string text = outlook.working > 0 ? std::string() : words(outlook);
  const bool settled = text == seen_;
  seen_ = std::move(text);
  if (!settled || seen_.empty() || seen_ == said_ || now < next_line_) return {};
  said_ = seen_;
  next_line_ = now + kBetweenLines;
  session.notice_at_once(printable("waiting: " + said_));
  return {};
}

}  // namespace forge::cli
