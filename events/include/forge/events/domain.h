#pragma once

// The domain: what one .fbs file (and its includes) declares, checked, numbered and ready to decide with. Immutable once made and
// safe to share between threads; every pointer and view that it hands out lives as long as the Domain.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/cell.h"
#include "forge/events/constraint.h"
#include "forge/events/query.h"
#include "forge/events/rule.h"
#include "forge/events/status.h"

namespace forge {

enum class BaseType : std::uint8_t {
  kBool,
  kInt8,
  kUint8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kInt64,
  kUint64,
  kFloat32,
  kFloat64,
  kText,
  kVector,
  kTable,
  kStruct,
};

std::string_view name_of(BaseType type);  // as FlatBuffers spells it: "int", "string"
bool is_integer(BaseType type);

struct EnumValue {
  std::string name;
  std::int64_t value = 0;
};

struct EnumType {
  std::string name;
  std::vector<EnumValue> values;  // in declared order

  const EnumValue* find(std::string_view name) const;
  const EnumValue* find(std::int64_t value) const;
};

// One field of a resource or one argument of an action.
struct Field {
  std::string name;
  std::uint16_t id = 0;             // FlatBuffers' field id, and the index in TableType::fields
  std::uint16_t vtable_offset = 0;  // 4 + 2 * id
  BaseType type = BaseType::kInt32;
  const EnumType* enumeration = nullptr;      // of an enum field or a vector of enums, else null; bit flags are plain integers
  bool nullable = false;                      // absence reads as NULL: every text and nested field, and scalars declared `= null`
  bool required = false;                      // NULL is refused
  bool has_default = false;                   // declared with a default other than null: `= 1` or default: "…"
  Cell default_value;                         // what absence reads as; kNull for nullable fields without a default
  std::string default_text;                   // owns the text of default_value
  bool deprecated = false;                    // as an argument it is refused; records keep it
  bool secret = false;                        // shown as kSecretShown wherever values are shown
  bool tag = false;                           // its value is a tag of the record's events
  bool computed = false;                      // set by Resource::computed alone
  std::shared_ptr<const FieldLimits> limits;  // null: none
  std::string documentation;                  // the /// lines
  std::string type_name;                      // as declared: "int", "OrderStatus", "[string]"
  std::string place;                          // "shop.fbs:14:30"
  BaseType element = BaseType::kInt32;        // of a vector: what it holds; a vector of kUint8 is bytes
  const TableType* nested = nullptr;          // of a table, or a vector of tables: its type; owned by the Domain
};

struct TableType {
  std::string name;           // without its namespace, unless two namespaces share it
  std::vector<Field> fields;  // by id

  // Null when there is none.
  const Field* find(std::string_view name) const;
};

// kGeneric is not about one record: code of the program turns it into other actions, or it starts a run of a workflow.
enum class ActionKind : std::uint8_t { kCreates, kUpdates, kUpserts, kDestroys, kReads, kGeneric };

std::string_view name_of(ActionKind kind);  // "creates"

// Whether a workflow, or a part of one, may have that name: a letter, then letters, digits, '_' and '-'; at most 64.
bool is_workflow_name(std::string_view name);

struct Resource;
struct Action;

// Another action that stands beside the one that says so, exactly once in its transaction, and agrees with it in some values.
struct Partner {
  // An argument of an action or, where `argument` is -1, a part of its key.
  struct Name {
    int argument = -1;
    int key_part = -1;
  };
  struct Equal {
    Name theirs, own;
  };

  const Action* action = nullptr;
  std::vector<Equal> equals;
  std::string place;
};

struct Action {
  std::string name;          // "Order.place"
  std::string event_type;    // "Order.placed"; empty for kReads and kGeneric
  std::uint16_t number = 0;  // stable over schema versions
  ActionKind kind = ActionKind::kUpdates;
  const Resource* resource = nullptr;
  TableType arguments;             // the declared arguments; the key is implicit where it is not declared
  std::vector<int> key_arguments;  // for each part of the key, the index in `arguments` of the argument of that name, or -1
  std::vector<std::string_view> implicit_key;  // of those parts that have no argument; of kReads, kGeneric none
  // For each argument, the index of the field it sets, or -1: the key, `destroys`, `reads` and `generic` set none.
  std::vector<int> field_of_argument;
  std::vector<Rule> policies;                    // `allow`: who may; all must hold, on what `requires_` sees
  std::vector<Rule> requires_;                   // on the record before, in order
  std::vector<Assignment> assignments;           // `set`
  std::vector<Partner> partners;                 // `with`
  bool handled = false;                          // code of the program takes part in deciding it
  std::string workflow;                          // of kGeneric: of which it starts a run; empty: none
  bool undoes = false;                           // it is one of Resource::undo_actions, which nobody declares or issues
  std::optional<Query> query;                    // of kReads, and of no other
  std::vector<std::uint16_t> checked_arguments;  // those with limits, and those that are refused as deprecated
  std::chrono::microseconds timeout{0};          // in the queue, of kReads for its answer; 0: as long as the caller allows
  std::string documentation;
  std::string place;

  bool is_key_argument(std::size_t argument) const;
  // It makes an event of one record.
  bool changes_record() const { return kind != ActionKind::kReads && kind != ActionKind::kGeneric; }
};

// The field that holds the value which `name` means.
const Field& field_of(const Action& action, Partner::Name name);
// "Account.credit: transfer, owner = from", as a schema says it of `action`.
std::string definition_of(const Action& action, const Partner& partner);

struct Resource {
  std::string name;
  std::uint16_t number = 0;  // stable over schema versions; below 16: Forge's own
  TableType record;
  std::vector<std::uint16_t> key_fields;  // the parts of the key, in order; usually one
  std::vector<Rule> checks;               // on the record after, in order: of fields first, then of the table
  std::vector<UniqueConstraint> unique;
  std::vector<Index> indexes;                 // those declared, then those that only references need
  std::vector<Reference> references;          // from this resource
  std::vector<Referrer> referrers;            // to this resource
  std::vector<Assignment> computed;           // each after those it reads
  std::vector<Assignment> upcasts;            // in order; a later schema version has more of them at the end: upcast.h
  std::vector<Transitions> transitions;       // by field
  std::vector<std::uint16_t> limited_fields;  // those with limits, without the key's
  std::vector<std::uint16_t> tag_fields;
  std::vector<const Action*> actions;  // in declared order, queries among them
  // What taking an event back is recorded as: "Order._undo_create", which destroys, "Order._undo_update" and "Order._undo_destroy",
  // which creates; all of the type "Order._undone". Forge's own resources have none.
  std::vector<const Action*> undo_actions;
  std::string documentation;
  std::string place;

  bool is_key(std::size_t field) const;
  // The only part of the key, or null for a key of several parts.
  const Field* single_key() const;
};

// The numbers given so far, by name. They are recorded with each schema version and never reused.
struct Numbering {
  std::map<std::string, std::uint16_t, std::less<>> resources;  // "Order"
  std::map<std::string, std::uint16_t, std::less<>> actions;    // "Order.place"
  std::map<std::string, std::uint16_t, std::less<>> unique;     // "Order.email", "Order.slot(day, room)"
  std::map<std::string, std::uint16_t, std::less<>> indexes;    // "Order.by_sku(sku, qty)"
  friend bool operator==(const Numbering&, const Numbering&) = default;
};

struct SourceFile {
  std::string name;  // as printed in errors and named by `include`
  std::string text;
};

class Domain {
 public:
  // Reads the main file and its includes. `sources[0]` is the main one; an include of a name not among them is an error, except
  // "forge.fbs", which is built in. `numbering` holds the numbers given so far; new names get the next ones.
  // On failure returns every error found (at least one), each with file:line:column; warnings of the parser are errors.
  struct Outcome {
    std::shared_ptr<const Domain> domain;  // null when there are errors
    std::vector<Status> errors;
  };
  static Outcome parse(std::vector<SourceFile> sources, const Numbering& numbering = {});

  // Reads `path` and every file it includes (looked up beside the including file, never above the main file's folder) from disk.
  // Errors: kInputUnreadable, kTooLarge (above 1 MiB in all).
  static Result<std::vector<SourceFile>> load_sources(const std::string& path);

  // Forge's own resources (schemas/system.fbs): schema versions and bookmarks. Part of every domain.
  static std::shared_ptr<const Domain> system();

  Domain(const Domain&) = delete;
  Domain& operator=(const Domain&) = delete;
  ~Domain();

  // Sorted by number; Forge's own, whose names begin with '_', come first.
  std::span<const Resource> resources() const;
  // Null when unknown. The undo actions of resources are found, too.
  const Resource* find_resource(std::string_view name) const;
  const Resource* resource(std::uint16_t number) const;
  const Action* find_action(std::string_view name) const;
  // The undo actions of all resources have the same three numbers.
  const Action* action(std::uint16_t resource, std::uint16_t number) const;
  // The same, or kUnknownResource / kUnknownAction naming the nearest known name; an action of an unknown resource is the former.
  Result<const Resource*> get_resource(std::string_view name) const;
  Result<const Action*> get_action(std::string_view name) const;

  const std::vector<SourceFile>& sources() const;
  const Numbering& numbering() const;
  // SHA-256 of the sources: equal for equal text.
  const std::string& digest() const;

 private:
  struct Parts;
  explicit Domain(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// One difference between two versions of a domain.
struct SchemaChange {
  std::string path;            // "Order.note"
  std::string kind;            // "add", "remove", "rename", "type", "default", "rule", …
  bool safe = true;            // events stored under the old version read the same under the new one
  std::string text;            // "string, optional"
  bool needs_default = false;  // not safe, but would be if the field had a default
};

// Compares by reflection, not by text: what adds is safe, what changes the meaning of stored bytes is not.
std::vector<SchemaChange> compare(const Domain& before, const Domain& after);
// "compatible", "needs_default" or "breaking". All but the first are refused by Store::add_schema.
std::string_view compatibility_of(const SchemaChange& change);

// Stored data that a change speaks of: a field of a resource, or whole records.
struct ChangedData {
  const Resource* resource = nullptr;  // of the domain before
  const Field* field = nullptr;        // null: whole records
  const EnumValue* value = nullptr;    // only where the field has this value; null: any
};
// Several where a nested table or an enum changed that more than one field has. Empty for a change of an action alone.
std::vector<ChangedData> data_of(const Domain& before, const SchemaChange& change);

// The candidate nearest to `name` by edit distance, at most 2, or empty.
std::string nearest_name(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace forge
