#pragma once

// What somebody declared, before it is understood: values with the places where they stand. TOML and the C++ builder both end
// here, so that one reader gives both the same meaning.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/rule.h"
#include "forge/events/value.h"

namespace forge::internal {

// Where a value begins.
struct Spot {
  Position at;
  bool verbatim = false;  // a text that stands in the file byte for byte, the first of them at `at`
};

struct Declared {
  struct Member;
  enum class Kind : std::uint8_t { kScalar, kList, kTable };

  Kind kind = Kind::kScalar;
  Value value;  // of a scalar
  std::vector<Declared> items;
  std::vector<Member> members;  // in declared order; a name may come twice where it was declared in C++
  Spot spot;

  const std::string* if_text() const { return kind == Kind::kScalar ? value.if_text() : nullptr; }
};

struct Declared::Member {
  std::string name;
  Declared value;
  Spot spot;  // of the name
};

// "a list", "a text": what a message calls it.
std::string_view kind_name(const Declared& declared);

// As it stands: a literal, a list or an object of these.
Value literal_of(const Declared& declared);

// `value` as it would be declared in C++.
Declared declare(const Value& value);

// The places of what was declared, by its path ("step.load.args.sku"). Paths of names end with a '!': "step.load!".
class Places {
 public:
  // `file` is how messages call it; empty for a workflow that was declared in C++, whose places are its name and the path.
  Places() = default;
  explicit Places(std::string file) : file_(std::move(file)) {}

  void name_workflow(std::string name) { workflow_ = std::move(name); }
  // How deep steps may stand in steps, and whatever else is nested.
  static constexpr int kNestingMax = 200;
  // Where everything in `declared` stands, which is at `path`. False where it is nested too deep.
  bool note_all(const Declared& declared, const std::string& path = "", int level = 0);
  void note(std::string path, Spot spot) { spots_.insert_or_assign(std::move(path), spot); }
  // "checkout.toml:14:30", or "checkout: step.load.key".
  std::string place_of(const std::string& path) const;
  // `text`, which stands at `path`, with the position of each of its bytes as far as they are known.
  RuleSource source_of(const std::string& path, std::string text) const;

 private:
  Spot spot_of(const std::string& path) const;

  std::string file_;
  std::string workflow_;
  std::map<std::string, Spot> spots_;
};

}  // namespace forge::internal
