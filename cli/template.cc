#include "template.h"

#include <algorithm>
#include <array>

namespace forge {

namespace embedded {
extern const std::string_view shop_fbs;
extern const std::string_view ledger_fbs;
extern const std::string_view tickets_fbs;
}  // namespace embedded

namespace cli {
namespace {

constexpr std::string_view kEmptySchema = R"(// The domain: resources, the actions on them, and the rules. Check it with
//   forgectl schema check NAME.fbs
// and put it in force with
//   forgectl schema add NAME.fbs
include "forge.fbs";

namespace NAME;

// A resource is a table with a key; an action is a table of its arguments. Take away the slashes to begin:
//
// enum NoteStatus : byte { Open, Done }
//
// /// Something to remember.
// table Note (resource) {
//   id: string (key);
//   text: string (required);
//   priority: int = 1 (check: "priority_in_range: priority between 1 and 5");
//   status: NoteStatus;
// }
//
// /// Write a note.
// table WriteNote (action: "Note.write", creates, event: "Note.written") { text: string (required); priority: int = 1; }
// /// Tick it off.
// table FinishNote (action: "Note.finish", updates, event: "Note.finished", require: "status = 'Open'", set: "status = 'Done'") {}
)";

}  // namespace

std::span<const Template> templates() {
  static const std::array<Template, 4> kTemplates = {{
      {"shop",
       embedded::shop_fbs,
       {"forgectl do Order.place id=o-1 sku=tea qty=2", "forgectl do Order.pay id=o-1", "forgectl history Order o-1",
        "forgectl query Order.to_ship --role staff"}},
      {"ledger",
       embedded::ledger_fbs,
       {"forgectl do Account.open id=a-1 owner=ann --role teller", "forgectl do Account.pay_in id=a-1 cents=500 --role teller",
        "forgectl query Account.mine --actor ann", "forgectl explain Account.debit"}},
      {"tickets",
       embedded::tickets_fbs,
       {"forgectl do Ticket.open id=t-1 title='The printer is on fire' priority=High --actor ann",
        "forgectl query Ticket.queue --role agent", "forgectl do Ticket.assign id=t-1 assignee=bob --role agent",
        "forgectl history Ticket t-1"}},
      {"empty", kEmptySchema, {}},
  }};
  return kTemplates;
}

std::vector<std::string> template_names() {
  std::vector<std::string> names;
  for (const Template& one : templates()) names.emplace_back(one.name);
  return names;
}

const Template* find_template(std::string_view name) {
  const std::span<const Template> all = templates();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Template& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::string empty_schema(std::string_view name) {
  std::string text(kEmptySchema);
  for (std::size_t at = text.find("NAME"); at != std::string::npos; at = text.find("NAME", at)) text.replace(at, 4, name);
  return text;
}

}  // namespace cli
}  // namespace forge
