#include "forge/store/record.h"

#include "forge/events/codec.h"
#include "forge/events/json.h"
#include "forge/events/key.h"

namespace forge {

struct Record::Data {
  std::shared_ptr<const Domain> domain;
  const Resource* resource = nullptr;
  std::string encoded_key;
  std::string key;
  Version version = 0;
  Seq seq = 0;
  std::uint32_t incarnation = 0;
  std::vector<std::uint64_t> bytes;  // aligned for FlatBuffers
  Row cells;                         // borrow from bytes and encoded_key
};

Result<Record> Record::make(std::shared_ptr<const Domain> domain, const Resource& resource, std::string_view encoded_key,
                            Version version, Seq seq, std::uint32_t incarnation, std::vector<std::uint64_t> bytes,
                            std::size_t size) {
  auto data = std::make_shared<Data>();
  data->domain = std::move(domain);
  data->resource = &resource;
  data->encoded_key = std::string(encoded_key);
  FORGE_ASSIGN(data->key, key_text(resource, encoded_key));
  data->version = version;
  data->seq = seq;
  data->incarnation = incarnation;
  data->bytes = std::move(bytes);
  read_row(resource.record, {reinterpret_cast<const std::uint8_t*>(data->bytes.data()), size}, data->cells);
  FORGE_TRY(complete_row(resource, data->encoded_key, data->cells));
  return Record(std::move(data));
}

Record::Record(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

const Resource& Record::resource() const {
  return *data_->resource;
}
const std::string& Record::key() const {
  return data_->key;
}
Version Record::version() const {
  return data_->version;
}
Seq Record::seq() const {
  return data_->seq;
}
std::uint32_t Record::incarnation() const {
  return data_->incarnation;
}
std::span<const Cell> Record::cells() const {
  return data_->cells;
}

Value Record::operator[](std::string_view name) const {
  const Field* field = resource().record.find(name);
  return field == nullptr ? Value() : reveal_cell(*field, data_->cells[field->id]);
}

Object Record::to_object() const {
  return row_to_object(resource().record, data_->cells);
}

std::string Record::to_json() const {
  Object object = to_object();
  object.add("_version", version());
  object.add("_seq", seq());
  return forge::to_json(object);
}

}  // namespace forge
