#pragma once

// A domain of tallies, a projection of them that shows an event left out, folded twice or out of order, and the rows that it should
// have.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "forge/store/projection.h"
#include "forge/store/store.h"

namespace forge::testing_support {

inline constexpr std::chrono::seconds kLong{60};
using Rows = std::map<std::string, std::string>;

inline std::vector<SourceFile> tally_schema() {
  return {{"tally.fbs", R"fbs(include "forge.fbs";
    table Tally (resource) { id: string (key); amount: long; note: string; }
    table Add (action: "Tally.add", upserts) { id: string; amount: long = 0; note: string; }
    table Remove (action: "Tally.remove", destroys) { id: string; }
  )fbs"}};
}

// By record: the seqs of its newest events; a destroyed one goes. An event left out, folded twice or out of order shows.
inline Status fold(const Event& event, FoldRows& rows) {
  if (event.resource != "Tally") return {};
  if (event.action == "Tally.remove") {
    rows.erase(event.key);
    return {};
  }
  FORGE_ASSIGN(const std::optional<std::string_view> before, rows.get(event.key));
  const std::string was(before.value_or(std::string_view()).substr(0, 60));
  rows.put(event.key, std::to_string(event.seq) + ";" + was);
  return {};
}

inline Projection tally(ProjectionMode mode, std::uint32_t code_version = 1) {
  return {.name = mode == ProjectionMode::kInline ? "inline" : "following",
          .code_version = code_version,
          .mode = mode,
          .fold = EventFold(fold)};
}

// The rows as a fold of events 1 to this, one by one.
inline Rows naive(const Store& store, Seq to, const std::function<Status(const Event&, FoldRows&)>& by = fold) {
  Rows out;
  FoldRows rows([&](std::string_view key) -> Result<std::optional<std::string>> {
    const auto found = out.find(std::string(key));
    return found == out.end() ? std::nullopt : std::optional<std::string>(found->second);
  });
  if (to == 0) return out;
  const Status walked = store.view().log({.to = to}, [&](const Event& event) {
    EXPECT_TRUE(by(event, rows).ok());
    rows.each_change([&](std::string_view key, const std::optional<std::string>& value) {
      value ? static_cast<void>(out[std::string(key)] = *value) : static_cast<void>(out.erase(std::string(key)));
    });
    rows.clear();
    return true;
  });
  EXPECT_TRUE(walked.ok()) << walked.message();
  return out;
}

inline Rows rows_of(const ProjectionView& view) {
  Rows out;
  const Status scanned = view.scan("", [&](std::string_view key, std::string_view value) {
    out.emplace(key, value);
    return true;
  });
  EXPECT_TRUE(scanned.ok()) << scanned.message();
  return out;
}

}  // namespace forge::testing_support
