#pragma once

// Functions of the program that a thread of the store calls, and that have no way to answer for themselves: what they throw is
// written to the store's diary and goes no further.

#include <exception>
#include <functional>
#include <string>
#include <utility>

#include "forge/store/options.h"
#include "forge/store/transaction.h"

namespace forge::internal {

// `name` begins the line in the diary: "the done function".
template <typename Call>
void call_contained(const Call& call, const char* name, const LogSink& log) {
  std::string thrown;
  try {
    return call();
  } catch (const std::exception& exception) {
    thrown = exception.what();
  } catch (...) {
    thrown = "something that is no std::exception";
  }
  for (char& c : thrown) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  if (log) log(LogLevel::kError, std::string(name) + " threw: " + thrown);
}

using Done = std::function<void(Result<TransactionReceipt>)>;

inline void call_done(const Done& done, Result<TransactionReceipt> result, const LogSink& log) {
  call_contained([&] { done(std::move(result)); }, "the done function of a transaction", log);
}

// `log` outlives it.
inline Done contained(Done done, const LogSink& log) {
  return [done = std::move(done), &log](Result<TransactionReceipt> result) { call_done(done, std::move(result), log); };
}

}  // namespace forge::internal
