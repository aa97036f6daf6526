#pragma once

// The rows of one projection as its fold sees them: what is stored, with what was changed since on top. Whoever runs the fold gives
// the stored rows and takes the changes. Not safe for concurrent use.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "forge/events/status.h"

namespace forge {

class FoldRows {
 public:
  // A row as it is stored; nothing where there is none.
  using Stored = std::function<Result<std::optional<std::string>>(std::string_view key)>;
  explicit FoldRows(Stored stored) : stored_(std::move(stored)) {}
  FoldRows(const FoldRows&) = delete;
  FoldRows& operator=(const FoldRows&) = delete;

  // --- for the fold: keys are the projection's own, any bytes.
  // The row's value, which lives until the row is changed; nothing where there is none. Errors: those of reading it, which a fold
  // hands on.
  Result<std::optional<std::string_view>> get(std::string_view key);
  void put(std::string_view key, std::string_view value);
  void erase(std::string_view key);

  // --- for who runs it.
  // Marks the beginning of an event; roll_back() takes back every change since.
  void begin() { undo_.clear(); }
  void roll_back();
  // The error of a stored row that could not be read: then a fold that failed is not to blame.
  const Status& read_failure() const { return read_failure_; }
  // Every row that was changed, in no order; without a value: the row goes.
  void each_change(const std::function<void(std::string_view key, const std::optional<std::string>& value)>& visit) const;
  // Forgets everything.
  void clear();

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Row {
    std::optional<std::string> value;
    bool is_changed = false;
  };
  using Rows = std::unordered_map<std::string, Row, TextHash, std::equal_to<>>;
  struct Undo {
    Row* row = nullptr;  // where it stays, since the map moves no rows; null: it was not known before
    std::string key;     // of a row that was not known
    Row before;
  };

  void change(std::string_view key, std::optional<std::string_view> value);

  Stored stored_;
  Rows rows_;  // read or changed
  std::vector<Undo> undo_;
  Status read_failure_;
};

}  // namespace forge
