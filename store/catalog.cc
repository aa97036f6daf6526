#include "catalog.h"

#include <array>
#include <mutex>

#include "forge/events/codec.h"
#include "forge/events/key.h"
#include "forge/projections/record_entry.h"

namespace forge::internal {
namespace {

using Numbers = std::map<std::string, std::uint16_t, std::less<>>;

// The numbers by what they are of, as stored.
std::array<std::pair<const char*, Numbers*>, 4> kinds_of(Numbering& numbering) {
  return {{{"resource", &numbering.resources},
           {"action", &numbering.actions},
           {"unique", &numbering.unique},
           {"index", &numbering.indexes}}};
}

Status unreadable(std::uint32_t version, const std::string& why) {
  return Status(ErrorId::kDataCorrupt, "schema version " + std::to_string(version) + " in the store cannot be read").why(why);
}

struct StoredSchema {
  std::vector<SourceFile> sources;
  Numbering numbering;
};

// Reads the members that schema_arguments wrote; what is missing stays empty and fails to parse as a domain.
StoredSchema stored_schema(const Object& record) {
  StoredSchema out;
  const auto each = [&](const char* name, auto visit) {
    const Value* list = record.find(name);
    if (list == nullptr || list->if_list() == nullptr) return;
    for (const Value& element : *list->if_list()) {
      if (element.if_object() != nullptr) visit(*element.if_object());
    }
  };
  const auto text = [](const Object& object, const char* name) {
    const Value* value = object.find(name);
    return value != nullptr && value->if_text() != nullptr ? *value->if_text() : std::string();
  };
  each("sources", [&](const Object& source) { out.sources.push_back({text(source, "name"), text(source, "text")}); });
  each("numbers", [&](const Object& number) {
    const std::string kind = text(number, "kind");
    const Value* value = number.find("number");
    for (const auto& [name, numbers] : kinds_of(out.numbering)) {
      if (kind == name && value != nullptr && value->if_int() != nullptr) {
        (*numbers)[text(number, "name")] = static_cast<std::uint16_t>(*value->if_int());
      }
    }
  });
  return out;
}

}  // namespace

Catalog::Catalog() {
  versions_.push_back({Domain::system(), 0});
}

void Catalog::clear() {
  const std::unique_lock lock(mutex_);
  versions_.resize(1);
}

Status Catalog::load(const Database& database) {
  const Resource& schema = *versions_.front().domain->find_resource("_schema");
  std::string prefix;
  append_current_key(schema.number, {}, prefix);
  const auto iterator = database.iterate(Table::kCurrent);
  AlignedBytes bytes;
  for (iterator->Seek(prefix); iterator->Valid() && iterator->key().starts_with(prefix); iterator->Next()) {
    FORGE_ASSIGN(const CurrentEntry entry, read_current_entry(view_of(iterator->value())));
    const auto record = bytes.assign(entry.record);
    FORGE_TRY(verify_table(schema.record, record));
    FORGE_TRY(add_stored(record, entry.seq));
  }
  return Database::check(*iterator, "reading the schema");
}

Status Catalog::add_stored(std::span<const std::uint8_t> record, Seq seq) {
  const Resource& schema = *versions_.front().domain->find_resource("_schema");
  const std::uint32_t next = version() + 1;
  Row row;
  read_row(schema.record, record, row);
  StoredSchema stored = stored_schema(row_to_object(schema.record, row));
  if (stored.sources.empty()) return unreadable(next, "its sources are missing");
  Domain::Outcome outcome = Domain::parse(std::move(stored.sources), stored.numbering);
  if (outcome.domain == nullptr) return unreadable(next, outcome.errors.front().message());
  add(std::move(outcome.domain), seq);
  return {};
}

void Catalog::add(std::shared_ptr<const Domain> domain, Seq seq) {
  const std::unique_lock lock(mutex_);
  versions_.push_back({std::move(domain), seq});
}

std::shared_ptr<const Domain> Catalog::current() const {
  const std::shared_lock lock(mutex_);
  return versions_.back().domain;
}

std::uint32_t Catalog::version() const {
  const std::shared_lock lock(mutex_);
  return static_cast<std::uint32_t>(versions_.size() - 1);
}

std::shared_ptr<const Domain> Catalog::at(std::uint32_t version) const {
  const std::shared_lock lock(mutex_);
  return version < versions_.size() ? versions_[version].domain : nullptr;
}

std::shared_ptr<const Domain> Catalog::as_of(Seq seq) const {
  const std::shared_lock lock(mutex_);
  for (std::size_t i = versions_.size() - 1; i > 0; --i) {
    if (versions_[i].seq <= seq) return versions_[i].domain;
  }
  return versions_.front().domain;
}

std::vector<Catalog::Version> Catalog::versions() const {
  const std::shared_lock lock(mutex_);
  return versions_;
}

Args schema_arguments(const Domain& domain, std::uint32_t version) {
  List sources, numbers;
  for (const SourceFile& source : domain.sources()) sources.push_back(Object{{"name", source.name}, {"text", source.text}});
  Numbering numbering = domain.numbering();
  for (const auto& [kind, given] : kinds_of(numbering)) {
    for (const auto& [name, number] : *given) numbers.push_back(Object{{"kind", kind}, {"name", name}, {"number", number}});
  }
  return Args{{"version", version}, {"digest", domain.digest()}, {"sources", std::move(sources)}, {"numbers", std::move(numbers)}};
}

}  // namespace forge::internal
