#include "commands.h"
#include "listing.h"
#include "text.h"

namespace forge::cli {
namespace {

Result<int> run_show(Session& session) {
  FORGE_ASSIGN(const Seq seq, parse_count(session.arguments.words()[0]));
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  const View view = store.view();
  FORGE_ASSIGN(const Event event, view.event(seq));
  FORGE_ASSIGN(const Hash leaf, view.leaf(seq));
  Object object = event.to_object();
  object.add("leaf", to_hex(leaf));
  if (!session.out.is_table()) {
    FORGE_TRY(session.out.object(object, "seq"));
    return 0;
  }
  session.out.begin_list({});
  for (const auto& [name, value] : object.members()) FORGE_TRY(session.out.row({name, value_text(value)}));
  FORGE_TRY(session.out.end_list());
  return 0;
}

}  // namespace

const Command& show_command() {
  static const Command kCommand{
      .name = "show",
      .summary = "one event with its envelope and its leaf hash",
      .arguments = {{.name = "SEQ", .summary = "the event's place in the log"}},
      .examples = {{"forgectl show 9", ""}, {"forgectl show 9 -o json", ""}},
      .uses_pager = true,
      .run = run_show,
  };
  return kCommand;
}

}  // namespace forge::cli
