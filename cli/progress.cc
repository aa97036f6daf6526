#include "progress.h"

#include <array>
#include <cstdio>

#include "forge/events/json.h"
#include "text.h"

namespace forge::cli {
namespace {

constexpr std::int64_t kBarInterval = 200'000;
constexpr std::int64_t kLineInterval = 10'000'000;
constexpr std::int64_t kJsonInterval = 1'000'000;

std::int64_t interval_of(ProgressForm form) {
  if (form == ProgressForm::kBar) return kBarInterval;
  return form == ProgressForm::kJson ? kJsonInterval : kLineInterval;
}

std::string short_number(double number) {
  std::array<char, 32> out{};
  if (number >= 1e6) {
    std::snprintf(out.data(), out.size(), "%.1fM", number / 1e6);
  } else if (number >= 1e4) {
    std::snprintf(out.data(), out.size(), "%.0fk", number / 1e3);
  } else {
    std::snprintf(out.data(), out.size(), "%.0f", number);
  }
  return out.data();
}

}  // namespace

Progress::Progress(Streams& streams, ProgressForm form, std::string unit)
    : streams_(streams), form_(form), unit_(std::move(unit)), begun_(streams.clock->now().micros), shown_(begun_) {}

Progress::~Progress() {
  clear();
}

void Progress::show(std::uint64_t done, double part) {
  if (form_ == ProgressForm::kNone) return;
  const std::int64_t now = streams_.clock->now().micros;
  if (now - shown_ < interval_of(form_)) return;
  shown_ = now;
  print(done, part, static_cast<double>(now - begun_) / 1e6);
}

void Progress::clear() {
  if (!bar_up_) return;
  bar_up_ = false;
  (void)streams_.err->write("\r\033[K");
}

void Progress::print(std::uint64_t done, double part, double seconds) {
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  const double eta = part > 0 ? seconds * (1 - part) / part : -1;
  if (form_ == ProgressForm::kJson) {
    Object line{{"progress", part < 0 ? Value() : Value(part)}, {"done", done}, {"unit", unit_}, {"rate", rate}};
    if (eta >= 0) line.add("eta_s", eta);
    (void)streams_.err->write(to_json(line) + "\n");
    return;
  }
  std::array<char, 16> percent{};
  std::snprintf(percent.data(), percent.size(), "%.0f%% ", part * 100);
  std::string text = std::string("progress ") + (part < 0 ? "" : percent.data()) + short_number(static_cast<double>(done)) + " " +
                     unit_ + " " + short_number(rate) + "/s";
  if (eta >= 0) text += " eta " + elapsed_text(static_cast<std::int64_t>(eta * 1e6));
  if (form_ == ProgressForm::kBar) {
    bar_up_ = true;
    (void)streams_.err->write("\r\033[K" + fitted(text, streams_.terminal_columns - 1));
  } else {
    (void)streams_.err->write(text + "\n");
  }
}

}  // namespace forge::cli
