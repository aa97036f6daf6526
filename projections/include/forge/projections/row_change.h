#pragma once

// What a projection gives: changes of rows in the store's tables.

#include <functional>
#include <string_view>

#include "forge/projections/table_keys.h"

namespace forge {

// One change to one row; borrowed for the call.
struct RowChange {
  Table table = Table::kCurrent;
  std::string_view key;
  bool erase = false;
  std::string_view value;
};
using RowSink = std::function<void(const RowChange&)>;

}  // namespace forge
