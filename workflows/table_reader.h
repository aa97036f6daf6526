#pragma once

// Reads a declared table attribute by attribute. Whatever is wrong becomes a finding, and reading goes on; what was not asked for
// is unknown.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "declaration.h"
#include "forge/events/status.h"
#include "workflow_generated.h"

namespace forge::internal {

// All that is wrong with a workflow, in the order in which it was found.
struct Findings {
  Places& places;
  std::vector<Status>& errors;

  // An error at `path`; an empty remedy stands for the table's.
  void add(ErrorId id, const std::string& path, std::string what, std::string why, std::string remedy = "") const;
  // Gives an error that has no place yet that of `path`, or of the byte at `offset` in the text that stands there.
  void add(const Status& error, const std::string& path) const;
  void add(const Status& error, const std::string& path, const std::string& text, std::size_t offset) const;
};

// "did you mean 'args'?", else "there are args, key, …".
std::string nearest_or_list(std::string_view name, const std::vector<std::string>& known);

class TableReader {
 public:
  using Fits = bool (*)(const Value& literal);

  // `what` begins messages: "step 'load'". Everything is borrowed.
  TableReader(const Findings& findings, const Declared& table, std::string path, std::string what);

  const std::string& path() const { return path_; }
  std::string path_of(std::string_view name) const { return (path_.empty() ? "" : path_ + ".") + std::string(name); }
  const std::string& what() const { return what_; }
  bool has(std::string_view name) const;

  // Each takes the attribute of that name, so that it is known; without one, the value is the fallback.
  const Declared* take(std::string_view name);
  const Declared* take_table(std::string_view name);
  const Declared* take_list(std::string_view name);
  std::string text(std::string_view name);
  std::vector<std::string> texts(std::string_view name);
  bool flag(std::string_view name, bool fallback);
  std::uint64_t number(std::string_view name, std::uint64_t min, std::uint64_t max, std::uint64_t fallback);
  std::int64_t duration(std::string_view name, std::int64_t fallback = 0);  // in µs, above 0
  std::unique_ptr<fb::BindingT> binding(std::string_view name);
  // The same, and a literal that `fits` refuses is a finding: it could never do.
  std::unique_ptr<fb::BindingT> binding(std::string_view name, std::string_view wanted, Fits fits);
  std::vector<std::unique_ptr<fb::NamedT>> named(std::string_view name);
  std::vector<std::unique_ptr<fb::NamedT>> named(std::string_view name, std::string_view wanted, Fits fits);
  template <typename Enum>
  Enum choice(std::string_view name, std::initializer_list<std::pair<std::string_view, Enum>> choices, Enum fallback);

  // From here on messages say of which kind a value is, and not the value: it may be a secret.
  void hide_values() { hides_values_ = true; }
  // Makes `name` one that a mistyped attribute may have meant.
  void suggest(std::string_view name);
  void refuse(std::string_view name, std::string_view wanted, const Declared& found) const;
  void refuse(std::string_view name, std::string_view wanted, const Value& found) const;
  void missing(std::string_view name, std::string_view wanted) const;
  // Everything that nobody took is unknown, and what stands there twice is there once too often.
  void finish() const;

 private:
  const Findings& findings_;
  const Declared& table_;
  std::string path_;
  std::string what_;
  std::map<std::string_view, const Declared*> first_;  // of each name
  std::vector<std::string> known_;
  bool hides_values_ = false;
};

template <typename Enum>
Enum TableReader::choice(std::string_view name, std::initializer_list<std::pair<std::string_view, Enum>> choices, Enum fallback) {
  const std::string given = text(name);
  if (given.empty()) return fallback;
  std::vector<std::string> known;
  for (const auto& [word, value] : choices) {
    if (word == given) return value;
    known.emplace_back(word);
  }
  findings_.add(ErrorId::kWorkflowAttribute, path_of(name), what_ + " has an unknown " + std::string(name) + " '" + given + "'",
                nearest_or_list(given, known));
  return fallback;
}

// How the value is to be made that is declared at `path`.
fb::BindingT read_binding(const Findings& findings, const Declared& declared, const std::string& path, const std::string& what);

}  // namespace forge::internal
