#include "schema_gap_text.h"

#include "text.h"

namespace forge::cli {

std::string gap_text(const SchemaGap& gap) {
  std::string text = "workflow " + gap.workflow + (gap.is_in_force ? "" : ", an earlier definition") + "  " + gap.place + "  " +
                     gap.missing + "  MISSING";
  if (gap.open_runs == 0) return printable(text);
  text += ", " + counted(gap.open_runs, "open run") + ": ";
  for (std::size_t i = 0; i < gap.runs.size(); ++i) text += (i == 0 ? "" : ", ") + gap.runs[i];
  return printable(text + (gap.open_runs > gap.runs.size() ? ", …" : ""));
}

List gap_list(const std::vector<SchemaGap>& gaps) {
  List list;
  for (const SchemaGap& gap : gaps) {
    List runs;
    for (const std::string& run : gap.runs) runs.emplace_back(run);
    list.emplace_back(Object{{"workflow", gap.workflow},
                             {"place", gap.place},
                             {"missing", gap.missing},
                             {"in_force", gap.is_in_force},
                             {"open_runs", gap.open_runs},
                             {"runs", std::move(runs)}});
  }
  return list;
}

}  // namespace forge::cli
