#include "named_checkpoint.h"

#include "attachment.h"
#include "database.h"
#include "forge/store/store.h"
#include "names.h"
#include "store_state.h"
#include "write_errors.h"
#include "writer.h"

namespace forge {
namespace internal {
namespace {

constexpr char kFormat = 1;
constexpr std::size_t kValueBytesMax = 64 << 10;

}  // namespace

Result<RowWrite> named_checkpoint_row(const std::string& name, const std::optional<std::string>& value) {
  if (!is_name(name)) {
    return Status(ErrorId::kKeyInvalid, "'" + name + "' cannot name a checkpoint")
        .why("letters, digits and _ . : - are allowed, 200 at most")
        .remedy("choose another name");
  }
  if (value && value->size() > kValueBytesMax) {
    return Status(ErrorId::kTooLarge, "the checkpoint '" + name + "' is too large")
        .why(std::to_string(value->size()) + " bytes, the limit is " + std::to_string(kValueBytesMax));
  }
  RowWrite row{.table = Table::kCursors, .key = std::string(kNamedCheckpointPrefix) + name, .value = std::nullopt};
  if (value) row.value = std::string(1, kFormat) + *value;
  return row;
}

Result<std::string> read_named_checkpoint(std::string_view name, std::string_view row) {
  if (!row.empty() && row.front() == kFormat) return std::string(row.substr(1));
  return Status(ErrorId::kDataCorrupt, "the checkpoint '" + std::string(name) + "' is malformed");
}

}  // namespace internal

Result<std::optional<std::string>> Store::checkpoint(std::string_view name) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  if (state_->attachment != nullptr) return state_->attachment->checkpoint(name);
  rocksdb::PinnableSlice row;
  const std::string key = std::string(internal::kNamedCheckpointPrefix).append(name);
  FORGE_ASSIGN(const bool found, state_->database->get(Table::kCursors, key, row));
  if (!found) return std::optional<std::string>();
  FORGE_ASSIGN(std::string value, internal::read_named_checkpoint(name, internal::view_of(row)));
  return std::optional<std::string>(std::move(value));
}

Status Store::set_checkpoint(const std::string& name, const std::optional<std::string>& value) {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::nothing_written(internal::closed_error());
  if (state_->writes_elsewhere()) return state_->attachment->set_checkpoint(name, value);
  if (state_->writer == nullptr) return internal::read_only_error(state_->path);
  Result<internal::RowWrite> row = internal::named_checkpoint_row(name, value);
  if (!row.ok()) return internal::nothing_written(row.status());
  std::vector<internal::RowWrite> rows;
  rows.push_back(*std::move(row));
  return state_->writer->transact(internal::PreparedTransaction::of_rows(std::move(rows))).status();
}

}  // namespace forge
