#pragma once

// Records, events and changes as rows and objects: the shapes that `help output` documents.

#include <string>
#include <string_view>
#include <vector>

#include "forge/store/store.h"
#include "forge/store/view.h"

namespace forge::cli {

// What is wrong with the expression of --where, told as that.
Status filter_error(Status error);

// Whether an event type may match: a pattern with a character that no type has would match nothing. Errors: kFilterInvalid.
Status check_type_glob(const std::string& glob);
// Whether some event of the store's schema, in any of its versions, has such a type; all do where the pattern is empty or there is
// no schema yet. Errors: kFilterInvalid, with the nearest type.
Status check_event_type(const Store& store, const std::string& glob);
// `tag` as log takes it: FIELD=VALUE of a field that some version of the schema marks so; empty is none.
// Any will do where there is no schema yet. Errors: kFilterInvalid.
Status check_tag(const Store& store, const std::string& tag);

// The resource of that name. Errors: kNoSchema in a store without one, kUnknownResource with the nearest name.
Result<const Resource*> resource_named(const Domain& domain, std::string_view name);
// The same at a point of the past; the error for a point before the first schema says so.
Result<const Resource*> resource_at(const View& view, std::string_view name);
// Errors: kNoSchema, kUnknownAction.
Result<const Action*> action_named(const Domain& domain, std::string_view name);
bool has_schema(const Domain& domain);
// Names of the domain's own resources, without Forge's.
std::vector<const Resource*> user_resources(const Domain& domain);
std::vector<const Action*> user_actions(const Domain& domain);

// What a record shows: fields by name, and _version, _seq, _at, _actor.
class RecordShape {
 public:
  // `fields` as the user chose them ("sku,_version"); empty: every field, and the four where `with_facts`. Errors: kUnknownField.
  static Result<RecordShape> make(const Resource& resource, std::string_view fields, bool with_facts);

  const std::vector<std::string>& members() const { return members_; }
  // Errors: those of View::event.
  Result<std::vector<std::string>> cells(const View& view, const Record& record) const;
  Result<Object> object(const View& view, const Record& record) const;

 private:
  std::vector<std::string> members_;
};

// "sku=tea qty=2" for what a record began with, "qty 2 → 5" for what changed.
std::string changes_text(const std::vector<VersionRow::Change>& changes);
// A change in one cell: "qty=5 note=null". Of Forge's own events, such as a schema with its files, only what is short.
std::string changes_text(const Event& event);
// The members of an event that csv and tsv show.
std::vector<std::string> event_columns();
// "Order/o-1" as a resource and a key; the key is empty where none is given.
std::pair<std::string, std::string> resource_and_key(std::string_view text);
// {"qty": [2, 5]}.
Object changes_object(const std::vector<VersionRow::Change>& changes);
// "place" of "Order.place".
std::string verb_of(std::string_view action);

}  // namespace forge::cli
