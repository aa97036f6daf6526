// What a definition says of itself declares it again.

#include "declaration.h"

#include <gtest/gtest.h>

#include "checkout.h"
#include "definition_parts.h"
#include "forge/events/json.h"

namespace forge {
namespace {

// Declares what `toml` gave once more, and compares.
void expect_declared_again(const std::string& toml) {
  const auto first = parse_workflow(toml, "w.toml");
  for (const Status& error : first.errors) ADD_FAILURE() << error.message() << "\n" << toml;
  if (first.definition == nullptr) return;
  const Object declaration = first.definition->declaration();
  const auto again = internal::define(internal::declare(Value(declaration)), internal::Places());
  for (const Status& error : again.errors) ADD_FAILURE() << error.message() << "\n" << to_json(Value(declaration));
  if (again.definition == nullptr) return;
  EXPECT_EQ(to_hex(again.definition->hash()), to_hex(first.definition->hash())) << to_json(Value(declaration)) << "\n" << toml;
}

std::string one_step_of(const std::string& lines) {
  return "workflow = 'w'\n[input]\nn = 'int'\n[client.pay]\nbase_url = 'https://pay'\n[step.a]\n" + lines;
}

TEST(WorkflowDeclaration, DeclaresTheSameAgain) {
  expect_declared_again(kCheckoutToml);
  expect_declared_again(
      "workflow='w'\ndescription='d'\nttl_hops=9\ndeadline='90s'\nmax_concurrency=3\nreturn='a'\non={signal='paid',key='o-1',"
      "where='${signal.value} > 0',input={n='${signal.value}',t='${signal.key}'}}\n[input]\nn={type='int',description='how "
      "many'}\nt={type='string',"
      "secret=true}\nx={default=[1,{a='$${b}'}]}\n[client.a]\nservice='s'\nauth={file='file:t',header='X-Key'}\ntimeout='5s'\n"
      "requests_per_second=2\nconcurrency=3\nbreaker={failures=2,pause='1m'}\n[client.b]\nbase_url='https://"
      "b'\nauth={token='env:T'}\n"
      "[step.a]\nhalt='x'\n");
  expect_declared_again("workflow='w'\non={event='Order.*',key='${event.key}'}\n[step.a]\nhalt=1\n");
  expect_declared_again(
      "workflow='w'\non={schedule='30 3 * * mon-fri',input={at='${event.due}'}}\n[input]\nat='string'\n[step.a]\nhalt=1\n");
  expect_declared_again("workflow='w'\non={every='5m'}\n[step.a]\nhalt=1\n");
}

TEST(WorkflowDeclaration, HasWhatEveryStepCanDeclare) {
  expect_declared_again(one_step_of(
      "run='f'\ndynamic=true\nargs={a='${input.n}',b='n ${input.n}',c={expr='${input.n} + 1'},d=['${input.n}',{e='${input.n}'}],"
      "e='$${x}'}\ntransform='t'\nafter=['b']\nwhere='${input.n} > 0'\nguards=[{when='${input.n} > 1'},{when='${input.n} > 2',"
      "else='fail',message='no ${input.n}'}]\nretry={max_attempts=3,backoff='linear',first='1500ms',cap='1h',jitter=true,on=['5xx',"
      "'timeout']}\ntimeout='2s'\ndeadline='1m'\nasync=false\nconcurrency_key='${input.n}'\ncompensate=[{when=\"${error.code} = "
      "'x'\",do={run='g',args={m='${error.message}'}},continue={a=1}},{error='no'},{retry=true}]\nundo={run='u',timeout='1s'}\n"
      "description='d'\n[step.b]\nhalt=1\n"));
}

TEST(WorkflowDeclaration, HasEveryKindOfStep) {
  for (const char* lines : {
           "action='Order.ship'\nargs={id='o'}\nundo='Order.unship'\n",
           "action='Order.ship'\nundo='auto'\n",
           "read='Order'\nkey='${input.n}'\nnot_found='null'\n",
           "query='Order.open'\nnot_found='halt'\n",
           "transaction=true\nreturn='y'\n[step.a.step.y]\nread='Order'\nkey=1\n[step.a.step.x]\naction='Order.ship'\n",
           "http={client='pay',post='/c/${input.n}',query={a=[1,2]},headers={x='y'},json={n='${input.n}'}}\n",
           "http={client='pay',put='/c',body='raw'}\n",
           "http={client='pay',patch='/c',form={a='b'}}\n",
           "http={get='https://pay/c'}\n",
           "exec='count'\n",
           "exec=['count','-n','${input.n}']\nenvironment={LANG='C'}\n",
           "over=[1,2]\nwindow=2\nbatch=3\nchunks=true\non_item_error='collect'\nmax_bad=5\n[step.a.step.x]\nhalt='${item}'\n",
           "over='${input.n}'\non_item_error='quarantine:bad.ndjson'\nmax_bad='0.29%'\n[step.a.step.x]\nhalt=1\n",
           "over={query='Order.open'}\nargs={q=1}\n[step.a.step.x]\nhalt=1\n",
           "over={file='f.csv',columns={n='int'}}\ncheckpoint='c'\nreturn='x'\n[step.a.step.x]\nhalt=1\n[step.a.step.y]\nhalt=2\n",
           "over={pages={client='pay',get='/c',query={p='${cursor}'}},items='body.items'}\n[step.a.step.x]\nhalt=1\n",
           "over={pages={client='pay',get='/c'},items='body.items',cursor='body.next'}\n[step.a.step.x]\nhalt=1\n",
           "collect={n='${input.n}'}\ninto={expr='${item.n}'}\n",
           "collect={}\n",
           "[step.a.switch.b]\nwhen='1 = 1'\nreturn='x'\n[step.a.switch.b.step.x]\nhalt=1\n[step.a.switch.b.step.y]\nhalt=2\n",
           "[step.a.switch.b]\nwhen='1 = 1'\n[step.a.switch.b.step.x]\nhalt=1\n[step.a.default.step.x]\nhalt=2\n",
           "workflow='other'\nargs={n=1}\n",
           "group=true\n[step.a.before_all.b]\nhalt=1\n[step.a.step.x]\nhalt=2\n[step.a.after_all.c]\nhalt=3\n",
           "around={begin={run='b'},commit={run='c'},abort={run='d'}}\n[step.a.step.x]\nhalt=1\n",
           "recurse={until='${item} > 1',at_most=3,start=0}\n[step.a.step.x]\nhalt='${item}'\n",
           "template='n ${input.n}'\n",
           "sleep='90s'\n",
           "until='${input.n}'\n",
           "wait='go'\nkey=5\n",
           "wait={event='Order.*',key='o',where=\"${event.key} = 'o'\"}\ntimeout='1h'\n",
           "signal='go'\nkey='${input.n}'\nkeep='1h'\n",
           "signal='go'\nrefuse=true\n",
           "approve='well ${input.n}?'\nrole='boss'\n",
           "halt={a=[]}\n",
           "debug='n'\nlevel='warning'\n",
           "fail='no ${input.n}'\ncode='c'\n",
       }) {
    expect_declared_again(one_step_of(lines));
  }
}

TEST(WorkflowDeclaration, TellsWhatEachStepDoesAndWaitsFor) {
  const auto definition =
      parse_workflow(
          "workflow='w'\n[step.a]\naction='Order.ship'\n[step.m]\nover=[1]\nafter=['a']\n[step.m.step.x]\nread='Order'\n"
          "key='k'\n[step.m.step.y]\nhttp={get='https://h/${x.id}'}\n",
          "w.toml")
          .definition;
  ASSERT_NE(definition, nullptr);
  std::string told;
  for (const WorkflowStepInfo& step : definition->described_steps()) {
    told += step.path + " " + step.kind + " (" + step.does + ")";
    for (const std::string& after : step.after) told += " " + after;
    told += "\n";
  }
  EXPECT_EQ(told, "a action (action Order.ship)\nm map (map) a\nm.x read (read Order)\nm.y http (http GET) m.x\n");
}

}  // namespace
}  // namespace forge
