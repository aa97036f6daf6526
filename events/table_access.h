#pragma once

// What the codec's parts share: widths, and one switch over the scalar types.

#include <cstddef>
#include <cstdint>

#include "forge/events/domain.h"

namespace forge::internal {

inline bool is_offset(BaseType type) {
  return type == BaseType::kText || type == BaseType::kVector || type == BaseType::kTable;
}

// Calls `visit` with a zero of the C++ type that stores `type`, which must be a scalar.
template <typename Visit>
auto visit_scalar(BaseType type, Visit&& visit) {
  switch (type) {
    case BaseType::kBool:
    case BaseType::kUint8:
      return visit(std::uint8_t{0});
    case BaseType::kInt8:
      return visit(std::int8_t{0});
    case BaseType::kInt16:
      return visit(std::int16_t{0});
    case BaseType::kUint16:
      return visit(std::uint16_t{0});
    case BaseType::kInt32:
      return visit(std::int32_t{0});
    case BaseType::kUint32:
      return visit(std::uint32_t{0});
    case BaseType::kInt64:
      return visit(std::int64_t{0});
    case BaseType::kUint64:
      return visit(std::uint64_t{0});
    case BaseType::kFloat32:
      return visit(float{0});
    case BaseType::kFloat64:
      return visit(double{0});
    default:
      break;
  }
  FORGE_ASSERT(!"a scalar type");
}

// Bytes of a field, or of a vector's element, in its table or vector.
inline std::size_t width_of(BaseType type) {
  if (is_offset(type)) return sizeof(std::uint32_t);
  return visit_scalar(type, [](auto zero) { return sizeof(zero); });
}

// The cell of a scalar stored as T under `type`.
template <typename T>
Cell scalar_cell(BaseType type, T value) {
  if (type == BaseType::kBool) return Cell::of(value != 0);
  if constexpr (std::is_floating_point_v<T>) {
    return Cell::of(static_cast<double>(value));
  } else {
    return Cell::of(static_cast<std::int64_t>(value));
  }
}

// The stored form of a scalar cell.
template <typename T>
T stored_scalar(const Cell& cell) {
  if (cell.kind == Kind::kBool) return static_cast<T>(cell.boolean ? 1 : 0);
  if (cell.kind == Kind::kFloat) return static_cast<T>(cell.number);
  return static_cast<T>(cell.integer);
}

}  // namespace forge::internal
