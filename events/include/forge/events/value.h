#pragma once

// A dynamic, owning value: what callers hand in as arguments and what reads hand out. It mirrors JSON, with exact 64-bit
// integers and bytes. Values are plain data: safe to share for reading.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace forge {

class Value;
using Bytes = std::vector<std::uint8_t>;
using List = std::vector<Value>;

// Named values in the order given. Names are unique where an Object is accepted as input; a repeated one is an error there.
class Object {
 public:
  using Member = std::pair<std::string, Value>;

  Object();
  Object(std::initializer_list<Member> members);
  Object(const Object&);
  Object(Object&&) noexcept;
  Object& operator=(const Object&);
  Object& operator=(Object&&) noexcept;
  ~Object();

  // Appends; does not look for an earlier member of that name.
  void add(std::string name, Value value);
  // The first member of that name, or null. Lives until the object changes.
  const Value* find(std::string_view name) const;
  std::size_t size() const;
  bool empty() const { return size() == 0; }
  const std::vector<Member>& members() const { return members_; }

  friend bool operator==(const Object&, const Object&);

 private:
  std::vector<Member> members_;
};

// The arguments of an action: {{"id", "o-1"}, {"qty", 2}}.
using Args = Object;

class Value {
 public:
  Value() = default;                   // null
  Value(std::nullptr_t) {}             // NOLINT(google-explicit-constructor)
  Value(bool value) : data_(value) {}  // NOLINT(google-explicit-constructor)
  template <typename T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
  Value(T value) : data_(static_cast<std::int64_t>(value)) {}   // NOLINT(google-explicit-constructor)
  Value(double value) : data_(value) {}                         // NOLINT(google-explicit-constructor)
  Value(const char* value) : data_(std::string(value)) {}       // NOLINT(google-explicit-constructor)
  Value(std::string_view value) : data_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  Value(std::string value) : data_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Value(Bytes value) : data_(std::move(value)) {}               // NOLINT(google-explicit-constructor)
  Value(List value) : data_(std::move(value)) {}                // NOLINT(google-explicit-constructor)
  Value(Object value) : data_(std::move(value)) {}              // NOLINT(google-explicit-constructor)

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  // Null when the value is of another kind.
  const bool* if_bool() const { return std::get_if<bool>(&data_); }
  const std::int64_t* if_int() const { return std::get_if<std::int64_t>(&data_); }
  const double* if_double() const { return std::get_if<double>(&data_); }
  const std::string* if_text() const { return std::get_if<std::string>(&data_); }
  const Bytes* if_bytes() const { return std::get_if<Bytes>(&data_); }
  const List* if_list() const { return std::get_if<List>(&data_); }
  const Object* if_object() const { return std::get_if<Object>(&data_); }

  // The value of that kind; aborts on another: for examples and tests.
  bool as_bool() const;
  std::int64_t as_int() const;
  double as_double() const;
  const std::string& as_text() const;

  friend bool operator==(const Value&, const Value&) = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Bytes, List, Object> data_;
};

}  // namespace forge
