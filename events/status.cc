#include "forge/events/status.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace forge {
namespace {

constexpr ErrorInfo kTable[] = {
#define FORGE_ERROR_ROW(name, number, code, exit_status, http, title, remedy) \
  ErrorInfo{ErrorId::k##name, #name, Code::code, exit_status, http, title, remedy},
    FORGE_ERRORS(FORGE_ERROR_ROW)
#undef FORGE_ERROR_ROW
};

constexpr bool ascending() {
  for (std::size_t i = 1; i < std::size(kTable); ++i) {
    if (kTable[i - 1].id >= kTable[i].id) return false;
  }
  return true;
}
static_assert(ascending(), "the error table is in ascending order without repeats");

// The general error of a code, for refusals written by users.
ErrorId general_error(Code code) {
  switch (code) {
    case Code::kOk:
      return ErrorId::kInternal;
    case Code::kInvalidArgument:
      return ErrorId::kArgumentRange;
    case Code::kRuleViolated:
      return ErrorId::kActionRefused;
    case Code::kDenied:
      return ErrorId::kActionRefused;
    case Code::kNotFound:
      return ErrorId::kRecordNotFound;
    case Code::kAlreadyExists:
      return ErrorId::kRecordExists;
    case Code::kVersionConflict:
      return ErrorId::kVersionConflict;
    case Code::kCorruption:
      return ErrorId::kDataCorrupt;
    case Code::kIo:
      return ErrorId::kIoError;
    case Code::kUnknownOutcome:
      return ErrorId::kUnknownOutcome;
    case Code::kCancelled:
      return ErrorId::kCancelled;
    case Code::kUnavailable:
      return ErrorId::kOverloaded;
  }
  return ErrorId::kInternal;
}

}  // namespace

std::string_view name_of(Code code) {
  static constexpr std::array<std::string_view, 12> kNames = {"ok",        "invalid_argument", "rule_violated",    "denied",
                                                              "not_found", "already_exists",   "version_conflict", "corruption",
                                                              "io",        "unknown_outcome",  "cancelled",        "unavailable"};
  return kNames[static_cast<std::size_t>(code)];
}

std::span<const ErrorInfo> error_table() {
  return kTable;
}

const ErrorInfo& info_of(ErrorId id) {
  const auto* row = std::lower_bound(std::begin(kTable), std::end(kTable), id,
                                     [](const ErrorInfo& info, ErrorId wanted) { return info.id < wanted; });
  FORGE_ASSERT(row != std::end(kTable) && row->id == id);
  return *row;
}

const ErrorInfo* find_error(std::string_view number) {
  if (!number.empty() && (number.front() == 'E' || number.front() == 'e')) number.remove_prefix(1);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size()) return nullptr;
  const auto* row = std::find_if(std::begin(kTable), std::end(kTable),
                                 [&](const ErrorInfo& info) { return static_cast<unsigned>(info.id) == value; });
  return row == std::end(kTable) ? nullptr : row;
}

Status::Status(Code code, std::string what) : Status(general_error(code), std::move(what)) {
  error_->code = code;
}

Status::Status(ErrorId id, std::string what) : error_(std::make_shared<Error>()) {
  const ErrorInfo& info = info_of(id);
  error_->id = id;
  error_->code = info.code;
  error_->text.what = std::move(what);
  error_->text.remedy = std::string(info.remedy);
}

// A copy that somebody else holds is not changed under them.
ErrorText& Status::mutable_text() {
  FORGE_ASSERT(error_ != nullptr);
  if (error_.use_count() > 1) error_ = std::make_shared<Error>(*error_);
  return error_->text;
}

Status&& Status::why(std::string text) && {
  return mutable_text().why = std::move(text), std::move(*this);
}
Status&& Status::place(std::string text) && {
  return mutable_text().place = std::move(text), std::move(*this);
}
Status&& Status::state(std::string text) && {
  return mutable_text().state = std::move(text), std::move(*this);
}
Status&& Status::remedy(std::string text) && {
  return mutable_text().remedy = std::move(text), std::move(*this);
}

Code Status::code() const {
  return error_ == nullptr ? Code::kOk : error_->code;
}
ErrorId Status::id() const {
  return error_ == nullptr ? ErrorId::kNone : error_->id;
}

const ErrorText& Status::text() const {
  static const ErrorText kEmpty;
  return error_ == nullptr ? kEmpty : error_->text;
}

std::string Status::message() const {
  if (ok()) return "ok";
  const ErrorText& parts = error_->text;
  std::string out = "E" + std::to_string(static_cast<unsigned>(error_->id)) + " " + parts.what;
  if (!parts.why.empty()) out += ": " + parts.why;
  if (!parts.place.empty()) out += " (" + parts.place + ")";
  if (!parts.state.empty()) out += "; " + parts.state;
  if (!parts.remedy.empty()) out += "; " + parts.remedy;
  return out;
}

void abort_with(const Status& status) {
  std::fprintf(stderr, "%s\n", status.message().c_str());
  std::abort();
}

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "forge: broken invariant: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace forge
