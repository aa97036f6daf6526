#include "live_run.h"

#include "text.h"

namespace forge::cli {
namespace {

constexpr std::int64_t kWorthTelling = 100'000'000;  // ns

std::string argument_text(const Event& event, const char* name) {
  const Value* value = event.arguments.find(name);
  return value != nullptr && value->if_text() != nullptr ? *value->if_text() : std::string();
}

const char* pulse_mark(const std::string& pulse) {
  if (pulse == "completed" || pulse == "taken" || pulse == "signalled" || pulse == "approved") return "✓";
  if (pulse == "failed" || pulse == "undo_failed" || pulse == "compensate_failed" || pulse == "stopped" || pulse == "rejected")
    return "✗";
  if (pulse == "undone" || pulse == "compensated") return "◂";
  return "·";
}

// "✓ reserve completed  1.20 s", "✗ charge failed  attempt 2  503: busy".
std::string live_line(const Event& event) {
  const std::string pulse = argument_text(event, "pulse");
  std::string line = std::string(pulse_mark(pulse)) + " " + argument_text(event, "step") + " " + pulse;
  const Value* attempt = event.arguments.find("attempt");
  if (attempt != nullptr && attempt->if_int() != nullptr && *attempt->if_int() > 1) {
    line += "  attempt " + std::to_string(*attempt->if_int());
  }
  const Value* took = event.arguments.find("duration_ns");
  if (took != nullptr && took->if_int() != nullptr && *took->if_int() >= kWorthTelling) {
    line += "  " + elapsed_text(*took->if_int() / 1000);
  }
  const std::string code = argument_text(event, "code");
  const std::string message = argument_text(event, "message");
  if (!code.empty()) line += "  " + code + ": " + message;
  if (code.empty() && pulse == "items") line += "  " + message;
  return printable(line);
}

}  // namespace

void LiveRun::print(const Session& session, const View& view) {
  if (!session.streams.err_is_terminal) return;
  static_cast<void>(view.log({.resource = "_run", .key = id_, .from = next_}, [&](const Event& event) {
    next_ = event.seq + 1;
    if (!argument_text(event, "step").empty()) session.notice_at_once(live_line(event));
    return true;
  }));
}

}  // namespace forge::cli
