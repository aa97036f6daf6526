#include "errors.h"

#include "forge/store/outcome.h"
#include "text.h"

namespace forge::cli {

std::string error_number(ErrorId id) {
  return "E" + std::to_string(static_cast<unsigned>(id));
}

int exit_status_of(const Status& error) {
  return error.ok() ? 0 : info_of(error.id()).exit_status;
}

Status as_outcome(Status error) {
  if (error.id() != ErrorId::kDiskFull || !may_be_stored(error)) return error;
  const ErrorText& text = error.text();
  return Status(ErrorId::kUnknownOutcome, text.what).why(text.why).place(text.place).state(text.state).remedy(text.remedy);
}

std::vector<Status> nothing_written(std::vector<Status> errors) {
  for (Status& error : errors) error = std::move(error).state("nothing was written");
  return errors;
}

std::string error_text(const Status& error, const Style& style) {
  const ErrorText& parts = error.text();
  std::string out = style.red("error[" + error_number(error.id()) + "]") + ": " + printable(parts.what) + "\n";
  if (!parts.why.empty() || !parts.place.empty()) {
    out += "  " + printable(parts.why);
    if (!parts.place.empty()) out += (parts.why.empty() ? "" : "   ") + printable(parts.place);
    out += "\n";
  }
  if (parts.state.empty() && parts.remedy.empty()) return out;
  out += "  ";
  if (!parts.state.empty()) out += printable(parts.state) + "." + (parts.remedy.empty() ? "" : "   ");
  return out + printable(parts.remedy) + "\n";
}

std::string diagnostic_text(const Status& error, const Style& style) {
  const ErrorText& parts = error.text();
  std::string out = parts.place.empty() ? "" : printable(parts.place) + ": ";
  out += style.red("error[" + error_number(error.id()) + "]") + ": " + printable(parts.what);
  if (!parts.why.empty()) out += ": " + printable(parts.why);
  return out + "\n";
}

std::string warning_text(const Status& warning, const Style& style) {
  const ErrorText& parts = warning.text();
  std::string out = parts.place.empty() ? "" : printable(parts.place) + ": ";
  out += style.yellow("warning") + ": " + printable(parts.what);
  if (!parts.why.empty()) out += ": " + printable(parts.why);
  return out + "\n";
}

Object problem_object(const Status& error) {
  const ErrorInfo& info = info_of(error.id());
  const ErrorText& parts = error.text();
  Object out;
  out.add("type", "urn:forge:error:" + error_number(error.id()));
  out.add("title", std::string(info.title));
  out.add("status", info.http_status);
  out.add("code", std::string(name_of(error.code())));
  out.add("error", error_number(error.id()));
  out.add("detail", parts.what);
  if (!parts.why.empty()) out.add("why", parts.why);
  if (!parts.place.empty()) out.add("place", parts.place);
  if (!parts.state.empty()) out.add("state", parts.state);
  if (!parts.remedy.empty()) out.add("remedy", parts.remedy);
  out.add("exit", info.exit_status);
  return out;
}

}  // namespace forge::cli
