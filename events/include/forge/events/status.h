#pragma once

// Status and Result<T>: how everything in Forge that can fail in normal life says so. Forge does not throw.
//
// An error has four parts: what failed; why (value, rule, place); what the state is now; what to do. Each has a stable number
// (error_table.h). Copies are cheap and share the text. Both types are safe to move between threads; one object is not safe for
// concurrent writing.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "forge/events/error_table.h"

namespace forge {

// The text of an error.
struct ErrorText {
  std::string what;    // "Order.resize was refused by rule 'qty_positive'"
  std::string why;     // "qty is -1, the rule says: qty > 0"; may be empty
  std::string place;   // "shop.fbs:14:30" or a file and offset; may be empty
  std::string state;   // "nothing was written"; may be empty for reads
  std::string remedy;  // "reload and retry"; the table's remedy when nothing better is known
};

class [[nodiscard]] Status {
 public:
  // Success.
  Status() = default;
  // A user's own refusal, from an action handler or a step: the code's general error with this text.
  Status(Code code, std::string what);
  // A specific error; remedy starts as the table's.
  Status(ErrorId id, std::string what);

  // Adds a part. Meant for a fresh error: `return Status(id, "…").why("…").state("nothing was written");`
  Status&& why(std::string text) &&;
  Status&& place(std::string text) &&;
  Status&& state(std::string text) &&;
  Status&& remedy(std::string text) &&;

  bool ok() const { return error_ == nullptr; }
  explicit operator bool() const { return ok(); }
  Code code() const;
  ErrorId id() const;
  // The parts; all empty on success. Lives as long as this Status or a copy of it.
  const ErrorText& text() const;
  // One line: "E2107 Order.resize was refused …: qty is -1 … (shop.fbs:14); nothing was written; …".
  std::string message() const;

  friend bool operator==(const Status& a, const Status& b) { return a.id() == b.id() && a.message() == b.message(); }

 private:
  struct Error {
    ErrorId id = ErrorId::kNone;
    Code code = Code::kOk;
    ErrorText text;
  };
  ErrorText& mutable_text();

  std::shared_ptr<Error> error_;
};

// Prints the message of `status` to standard error and aborts.
[[noreturn]] void abort_with(const Status& status);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {  // NOLINT(google-explicit-constructor)
    if (status_.ok()) status_ = Status(ErrorId::kInternal, "a Result was made from a success without a value");
  }

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Status& status() const { return status_; }

  // The value. Aborts with the message on an error: for examples and tests.
  T& value() & { return check(), *value_; }
  const T& value() const& { return check(), *value_; }
  T&& value() && { return check(), *std::move(value_); }

  // The value, which must be there.
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return check(), &*value_; }
  const T* operator->() const { return check(), &*value_; }

 private:
  void check() const {
    if (!value_) abort_with(status_);
  }

  std::optional<T> value_;
  Status status_;
};

// A broken invariant is a bug: prints the condition and aborts, in every build type.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace forge

#define FORGE_CONCAT_(a, b) a##b
#define FORGE_CONCAT(a, b) FORGE_CONCAT_(a, b)

// Returns from the function when `expression` is an error.
#define FORGE_TRY(expression)                                                                    \
  do {                                                                                           \
    if (::forge::Status forge_status_ = (expression); !forge_status_.ok()) return forge_status_; \
  } while (false)

// Declares or assigns `target` from a Result, or returns its error.
#define FORGE_ASSIGN(target, expression) FORGE_ASSIGN_(FORGE_CONCAT(forge_result_, __LINE__), target, expression)
#define FORGE_ASSIGN_(result, target, expression) \
  auto result = (expression);                     \
  if (!result.ok()) return result.status();       \
  target = *std::move(result)

#define FORGE_ASSERT(condition)                                                  \
  do {                                                                           \
    if (!(condition)) ::forge::assertion_failed(#condition, __FILE__, __LINE__); \
  } while (false)
