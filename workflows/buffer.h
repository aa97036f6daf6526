#pragma once

// The tables of schemas/workflow.fbs as bytes and back.

#include <cstdint>
#include <span>
#include <vector>

#include "workflow_generated.h"

namespace forge::internal {

// The bytes of a table. Equal models give equal bytes.
template <typename Table>
std::vector<std::uint8_t> pack(const typename Table::NativeTableType& model, const char* identifier) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(Table::Pack(builder, &model), identifier);
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

// False where the bytes are no such table; `model` is then untouched.
template <typename Table>
bool unpack(std::span<const std::uint8_t> bytes, const char* identifier, typename Table::NativeTableType& model) {
  constexpr flatbuffers::uoffset_t kDepthMax = 512;
  constexpr flatbuffers::uoffset_t kTablesMax = 4'000'000;
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), kDepthMax, kTablesMax);
  if (!verifier.VerifyBuffer<Table>(identifier)) return false;
  flatbuffers::GetRoot<Table>(bytes.data())->UnPackTo(&model);
  return true;
}

}  // namespace forge::internal
