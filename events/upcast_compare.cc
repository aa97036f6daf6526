#include "upcast_compare.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "forge/events/upcast.h"

namespace forge::internal {
namespace {

// What a step mends: how an absent value reads, and that there is none. It does not mend bytes that would be read as another type.
constexpr std::array<std::string_view, 3> kMended = {"default", "required", "add"};

void mend(const Resource& before, const Resource& after, const std::vector<std::uint16_t>& fields, SchemaChange& change) {
  if (change.safe || std::find(kMended.begin(), kMended.end(), change.kind) == kMended.end()) return;
  for (const std::uint16_t index : fields) {
    const Field& field = after.record.fields[index];
    if (change.path != after.name + "." + field.name) continue;
    // A field in another's place reads that one's bytes.
    if (change.kind == "add" && index < before.record.fields.size()) continue;
    change.safe = true;
    change.needs_default = false;
    change.text += ", set by an upcast";
  }
}

}  // namespace

void compare_upcasts(const Resource& before, const Resource& after, std::size_t first, std::vector<SchemaChange>& changes) {
  const std::size_t had = before.upcasts.size(), has = after.upcasts.size();
  if (needs_upcast(before, after)) {
    const std::vector<std::uint16_t> fields = upcast_fields(before, after);
    for (std::size_t i = first; i < changes.size(); ++i) mend(before, after, fields, changes[i]);
  }
  for (std::size_t step = 0; step < std::max(had, has); ++step) {
    const std::string was = step < had ? definition_of(before, before.upcasts[step]) : "";
    const std::string is = step < has ? definition_of(after, after.upcasts[step]) : "";
    if (was == is) continue;
    const std::string name = "step " + std::to_string(step + 1);
    const std::string text = was.empty()  ? name + " on what was stored: " + is
                             : is.empty() ? name + " is gone: " + was
                                          : name + " was " + was + ", now " + is;
    changes.push_back({before.name, "upcast", step >= had, text});
  }
}

}  // namespace forge::internal
