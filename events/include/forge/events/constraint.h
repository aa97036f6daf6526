#pragma once

// What a schema demands of values and records beside their types: limits of fields, unique constraints, indexes, references and
// transitions. Parts of a Domain: immutable, and safe to share between threads. The grammar of each: schemas/forge.fbs.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "forge/events/cell.h"
#include "forge/events/rule.h"
#include "forge/events/status.h"

namespace forge {

struct Field;
struct Resource;

// What stands for the value of a secret field in every text, message and JSON.
inline constexpr std::string_view kSecretShown = "[secret]";

// A regular expression (RE2) that a whole text must match. Compiled once; matching takes time linear in the text.
class Pattern {
 public:
  // Limits: 1 KiB of text, 1 MiB of compiled program. Errors: kSchemaAttribute with RE2's reason.
  static Result<std::shared_ptr<const Pattern>> compile(std::string_view text);
  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  bool matches(std::string_view text) const;
  const std::string& text() const;

 private:
  struct Compiled;
  explicit Pattern(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

// `min`, `max`, `length` and `match` of a field or an argument. NULL passes all of them.
struct FieldLimits {
  Cell min;  // of the field's kind; absent: none
  Cell max;
  std::optional<std::uint64_t> length_min;  // characters of a text, items of a vector
  std::optional<std::uint64_t> length_max;
  std::shared_ptr<const Pattern> match;  // null: none
  std::string min_place, max_place, length_place, match_place;

  // "1..80", "8", "..3"; empty without a length.
  std::string length_text() const;
};

// "min 1, length 1..80": the field's limits as people read them; empty where it has none.
std::string limits_text(const Field& field);
// Whether `cell` is within the field's limits, which must be there. `what` begins the message: "Order.place". Errors:
// kArgumentRange naming field, value, bound and place; kPatternMismatch.
Status check_limits(const Field& field, const Cell& cell, std::string_view what);

// No two records have the same values in all of `fields`, a record with a NULL among them left out, and one for which `condition`
// is not true.
struct UniqueConstraint {
  std::string name;                     // "email", or as declared
  std::uint16_t number = 0;             // stable over schema versions; of another definition, another
  std::vector<std::uint16_t> fields;    // by field index, in order
  std::optional<Expression> condition;  // over the record's fields alone
  std::string place;
};

// Entries by value for every record, also for NULL values, unless it only serves references.
struct Index {
  std::string name;                   // "sku", or as declared
  std::uint16_t number = 0;           // stable over schema versions; of other fields, another
  std::vector<std::uint16_t> fields;  // by field index, in order
  bool declared = true;               // false: made for a reference, without entries where a value is NULL
  std::string place;
};

// Where none of `fields` is NULL, their values are the key of a living record of `target`.
struct Reference {
  std::string name;                   // that of the field, or as declared
  std::vector<std::uint16_t> fields;  // in the order of the target's key
  const Resource* target = nullptr;
  std::size_t index = 0;  // in Resource::indexes: the index over exactly these fields
  std::string place;
};

// A reference as its target sees it.
struct Referrer {
  const Resource* resource = nullptr;
  std::size_t reference = 0;  // in its `references`
};

// The values that an enum field may begin with, and the steps from one to another. Staying is always allowed.
struct Transitions {
  std::uint16_t field = 0;
  std::vector<std::int64_t> initial;                         // in declared order
  std::vector<std::pair<std::int64_t, std::int64_t>> steps;  // (from, to), in declared order
  std::string place;

  // What may follow `from`, in declared order.
  std::vector<std::int64_t> allowed_after(std::int64_t from) const;
};

// "sku, qty where status <> 'Cancelled'": what a constraint or index is, without its name.
std::string definition_of(const Resource& resource, std::span<const std::uint16_t> fields,
                          const std::optional<Expression>& condition = std::nullopt);
// "total_cents = qty * price_cents"; the assignment is one of the resource's fields.
std::string definition_of(const Resource& resource, const Assignment& assignment);
// "-> Placed; Placed -> Paid, Cancelled".
std::string definition_of(const Resource& resource, const Transitions& transitions);

}  // namespace forge
