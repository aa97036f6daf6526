// Verification of run-time tables. It walks the type, not the buffer, and checks each offset before it is followed. Shared offsets
// can make a small buffer stand for a huge tree, so the elements visited are budgeted.

#include <flatbuffers/flatbuffers.h>

#include "forge/events/codec.h"
#include "forge/events/json.h"
#include "table_access.h"

namespace forge {
namespace {

constexpr flatbuffers::uoffset_t kDepthMax = 64;
constexpr flatbuffers::uoffset_t kTablesMax = 10'000;

class TableVerifier {
 public:
  explicit TableVerifier(std::span<const std::uint8_t> buffer)
      : buffer_(buffer), verifier_(buffer.data(), buffer.size(), kDepthMax, kTablesMax), budget_(buffer.size()) {}

  bool root(const TableType& type) {
    if (buffer_.size() < 2 * sizeof(flatbuffers::uoffset_t)) return false;
    const flatbuffers::uoffset_t offset = verifier_.VerifyOffset(std::size_t{0});
    return offset != 0 && table(type, reinterpret_cast<const flatbuffers::Table*>(buffer_.data() + offset));
  }

 private:
  bool table(const TableType& type, const flatbuffers::Table* data) {
    if (!data->VerifyTableStart(verifier_)) return false;
    for (const Field& field : type.fields) {
      if (!member(field, data)) return false;
    }
    return verifier_.EndTable();
  }

  bool member(const Field& field, const flatbuffers::Table* data) {
    if (!internal::is_offset(field.type)) {
      return internal::visit_scalar(
          field.type, [&](auto zero) { return data->VerifyField<decltype(zero)>(verifier_, field.vtable_offset, sizeof(zero)); });
    }
    if (!data->VerifyField<flatbuffers::uoffset_t>(verifier_, field.vtable_offset, sizeof(flatbuffers::uoffset_t))) return false;
    if (!data->VerifyOffset(verifier_, field.vtable_offset)) return false;
    const auto* target = data->GetPointer<const std::uint8_t*>(field.vtable_offset);
    return target == nullptr || value(field, target);
  }

  bool value(const Field& field, const std::uint8_t* target) {
    switch (field.type) {
      case BaseType::kText:
        return text(target);
      case BaseType::kTable:
        return table(*field.nested, reinterpret_cast<const flatbuffers::Table*>(target));
      case BaseType::kVector:
        return vector(field, target);
      default:
        return false;
    }
  }

  bool text(const std::uint8_t* target) {
    const auto* string = reinterpret_cast<const flatbuffers::String*>(target);
    return verifier_.VerifyString(string) && spend(string->size()) && is_utf8({string->c_str(), string->size()});
  }

  bool vector(const Field& field, const std::uint8_t* target) {
    const std::size_t width = internal::width_of(field.element);
    if (!verifier_.VerifyVectorOrString(target, width)) return false;
    const auto count = flatbuffers::ReadScalar<flatbuffers::uoffset_t>(target);
    const std::uint8_t* first = target + sizeof(flatbuffers::uoffset_t);
    if (!verifier_.VerifyAlignment(static_cast<std::size_t>(first - buffer_.data()), width)) return false;
    if (!spend(std::size_t{count} * width)) return false;
    return !internal::is_offset(field.element) || elements(field, first, count);
  }

  bool elements(const Field& field, const std::uint8_t* first, flatbuffers::uoffset_t count) {
    for (flatbuffers::uoffset_t i = 0; i < count; ++i) {
      const std::uint8_t* slot = first + std::size_t{i} * sizeof(flatbuffers::uoffset_t);
      if (verifier_.VerifyOffset(static_cast<std::size_t>(slot - buffer_.data())) == 0) return false;
      const std::uint8_t* target = slot + flatbuffers::ReadScalar<flatbuffers::uoffset_t>(slot);
      const bool sound = field.element == BaseType::kText
                             ? text(target)
                             : table(*field.nested, reinterpret_cast<const flatbuffers::Table*>(target));
      if (!sound) return false;
    }
    return true;
  }

  // Every byte may be reached a few times through shared offsets, not many.
  bool spend(std::size_t bytes) {
    spent_ += bytes;
    return spent_ <= 8 * budget_ + 1024;
  }

  std::span<const std::uint8_t> buffer_;
  flatbuffers::Verifier verifier_;
  std::size_t budget_;
  std::size_t spent_ = 0;
};

}  // namespace

Status verify_table(const TableType& table, std::span<const std::uint8_t> buffer) {
  if (TableVerifier(buffer).root(table)) return {};
  return Status(ErrorId::kDataCorrupt, "a stored " + table.name + " does not verify")
      .why(std::to_string(buffer.size()) + " bytes are not a sound FlatBuffer of that table");
}

}  // namespace forge
