// One action: as a name and arguments, or as a table that flatc made a type of.

#include <algorithm>
#include <cstring>

#include "forge/events/codec.h"
#include "forge/events/event.h"
#include "forge/events/key.h"
#include "forge/store/store.h"
#include "names.h"
#include "store_state.h"
#include "writer.h"

namespace forge {

using internal::nothing_written;

namespace {

const Action* action_of_table(const Domain& domain, std::string_view name) {
  std::string full(name);
  std::replace(full.begin(), full.end(), '.', '_');  // as a table is called whose name two namespaces share
  const std::string_view last = name.substr(name.rfind('.') + 1);
  for (const Resource& resource : domain.resources()) {
    for (const Action* action : resource.actions) {
      if (action->arguments.name == full || action->arguments.name == last) return action;
    }
  }
  return nullptr;
}

Status schema_differs(std::string_view table, std::string_view why) {
  return Status(ErrorId::kSchemaDiffers, "the program's " + std::string(table) + " is not the store's")
      .why(std::string(why))
      .state("nothing was written");
}

// FlatBuffers' ElementaryType.
std::uint8_t elementary_type_of(BaseType type) {
  constexpr std::uint8_t kFirst = 1;  // a bool; then the others in the order of BaseType, and all that is nested in one
  constexpr std::uint8_t kNested = 13;
  return std::min<std::uint8_t>(static_cast<std::uint8_t>(kFirst + static_cast<std::uint8_t>(type)), kNested);
}

bool is_same_field(const Field& field, std::string_view name, std::uint8_t type, bool is_vector) {
  const bool has_items = field.type == BaseType::kVector;
  return field.name == name && has_items == is_vector && elementary_type_of(has_items ? field.element : field.type) == type;
}

// Adds the key under the names of the resource's key fields.
Status add_key(const Domain& domain, std::string_view action_name, const std::string& key, Args& args) {
  const Action* const action = domain.find_action(action_name);
  if (action == nullptr) return {};  // refused as unknown later
  const Resource& resource = *action->resource;
  FORGE_ASSIGN(const std::string encoded, encode_key(resource, key));
  Row row(resource.record.fields.size());
  FORGE_TRY(key_cells(resource, encoded, row));
  for (const std::uint16_t part : resource.key_fields) {
    const Field& field = resource.record.fields[part];
    if (args.find(field.name) != nullptr) {
      return Status(ErrorId::kKeyInvalid, "the key is given twice: in the options and as '" + field.name + "'");
    }
    args.add(field.name, reveal_cell(field, row[part]));
  }
  return {};
}

}  // namespace

Result<Receipt> Store::act_table(std::string_view name, std::span<const TableField> fields, std::span<const std::uint8_t> bytes,
                                 const ActOptions& options) {
  const std::shared_ptr<const Domain> in_force = domain();
  const Action* const action = action_of_table(*in_force, name);
  if (action == nullptr) return schema_differs(name, "the schema in force has no such action");
  const std::vector<Field>& stored = action->arguments.fields;
  const bool is_same = std::equal(
      fields.begin(), fields.end(), stored.begin(), stored.end(),
      [](const TableField& made, const Field& field) { return is_same_field(field, made.name, made.type, made.is_vector); });
  if (!is_same) return schema_differs(name, action->name + " has other arguments in the schema in force");
  std::vector<std::uint64_t> aligned(bytes.size() / sizeof(std::uint64_t) + 1);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  const std::span<const std::uint8_t> table(reinterpret_cast<const std::uint8_t*>(aligned.data()), bytes.size());
  if (const Status verified = verify_table(action->arguments, table); !verified.ok()) {
    return schema_differs(name, verified.text().why.empty() ? verified.text().what : verified.text().why);
  }
  Row row;
  read_row(action->arguments, table, row);
  Args args;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!row[i].is_absent()) args.add(stored[i].name, reveal_cell(stored[i], row[i]));
  }
  return act(action->name, std::move(args), options);
}

Result<Receipt> Store::act(std::string_view action, Args args, const ActOptions& options) {
  if (!options.key.empty()) {
    if (Status added = add_key(*domain(), action, options.key, args); !added.ok()) return nothing_written(std::move(added));
  }
  std::vector<ActionRequest> actions;
  actions.push_back({.action = std::string(action), .args = std::move(args), .if_version = options.if_version});
  FORGE_ASSIGN(TransactionReceipt done, transact(std::move(actions), options));
  Receipt receipt;
  if (done.actions.empty()) {  // of a generic action that came to nothing
    receipt.seq = done.first_seq;
    receipt.type = kEmptyTransactionType;
  } else {
    static_cast<ActionReceipt&>(receipt) = std::move(done.actions.front());
  }
  receipt.transaction = done.transaction;
  receipt.recorded_at = done.recorded_at;
  receipt.replayed = done.replayed;
  return receipt;
}

}  // namespace forge
