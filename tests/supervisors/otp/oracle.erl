%% Plays scenarios against OTP's own supervisor and prints what happened, one line an entry.
%%
%% Three kinds of process take part. The driver (main/1) takes the steps of a scenario one by one. The supervisors under
%% trial call the start functions of this module. The collector writes the trace; it alone monitors the children and it
%% alone sends the requests of the interface, so that ends, starts and answers reach one mailbox in the order in which
%% they happened. That order is exact because the emulator runs with a single scheduler (erl +S 1:1): a process sends
%% all the signals of its exit before any other process runs.
-module(oracle).
-behaviour(supervisor).

-export([main/1]).
-export([init/1, start/2, start_instance/2, worker/1]).
-export([log/2]).

%% ---- the driver ----------------------------------------------------------------------------------------------------

%% Plays every scenario of a file of terms and prints "scenario NAME" and the lines of its trace, then "done".
main([File]) ->
    process_flag(trap_exit, true),
    ok = logger:remove_handler(default),
    ok = logger:add_handler(?MODULE, ?MODULE, #{level => error}),
    {ok, Scenarios} = file:consult(File),
    io:format("release ~s~n", [erlang:system_info(otp_release)]),
    lists:foreach(fun play/1, Scenarios),
    io:format("done~n"),
    halt(0).

play(#{name := Name, flags := Flags, children := Children, steps := Steps}) ->
    true = register(collector, spawn_link(fun() -> collect(collector_state(Flags)) end)),
    case supervisor:start_link(?MODULE, {<<>>, Flags, Children}) of
        {ok, Root} ->
            ok = call({root, Root}),
            settle(Root),
            lists:foreach(fun(Step) -> take(Root, Step) end, Steps ++ [stop]);
        {error, {shutdown, {failed_to_start_child, Id, _}}} ->
            ok = note(["ended failed_to_start ", Id])
    end,
    Lines = call(finish),
    io:format("scenario ~s~n~s", [Name, [[Line, $\n] || Line <- Lines]]),
    flush().

%% A step, then rest. A root that has ended takes no more steps.
take(Root, Step) ->
    case call(ended) of
        true -> ok;
        false -> step(Root, Step), settle(Root)
    end.

step(_, {wait, Milliseconds}) ->
    timer:sleep(Milliseconds);
step(Root, stop) ->
    ok = call(stopping),
    exit(Root, shutdown);
step(Root, {reconfigure, Flags, Children}) ->
    ok = call({configure, Flags, Children}),
    ok = sys:suspend(Root),
    Answer = sys:change_code(Root, ?MODULE, undefined, []),
    ok = note(["answer reconfigure ", case Answer of ok -> "ok"; {error, _} -> "failed" end]),
    ok = sys:resume(Root);
step(Root, {burst, Steps}) ->
    %% What a suspended supervisor is sent waits in its mailbox, in order, until it is resumed.
    ok = sys:suspend(Root),
    lists:foreach(fun(Step) -> step(Root, Step) end, Steps),
    ok = sys:resume(Root);
step(_, {exit, Path, Reason}) ->
    Pid = call({pid, Path}),
    Ref = monitor(process, Pid),
    case Reason of
        killed -> exit(Pid, kill);
        _ -> Pid ! {die, Reason}
    end,
    receive {'DOWN', Ref, process, Pid, _} -> ok end;
step(_, Request) ->
    ok = call({request, Request}).

%% Returns when the whole tree rests: twice nothing is being restarted, no answer is due and the trace has not grown.
%% A look at a supervisor is a request behind everything in its mailbox, so it sees the effects of all of it.
settle(Root) ->
    Before = call(progress),
    Calm = look(Root) andalso look(Root),
    case call(progress) of
        {_, _, true} -> ok;
        {_, 0, false} = Before when Calm -> ok;
        _ -> settle(Root)
    end.

look(Supervisor) ->
    try supervisor:which_children(Supervisor) of
        Children -> lists:all(fun calm/1, Children)
    catch
        exit:_ -> false
    end.

calm({_, restarting, _, _}) -> false;
calm({_, Pid, supervisor, _}) when is_pid(Pid) -> look(Pid);
calm(_) -> true.

flush() ->
    receive _ -> flush() after 0 -> ok end.

%% ---- what the supervisors call -------------------------------------------------------------------------------------

%% The flags and specifications of a supervisor: those it was started with, for the root the last ones configured.
init({Path, Flags, Children}) ->
    {NewFlags, NewChildren} = call({configuration, Path, Flags, Children}),
    {ok, {NewFlags, [spec(Path, NewFlags, Child) || Child <- NewChildren]}}.

spec(_, #{strategy := simple_one_for_one}, Template) ->
    (common(Template))#{start => {?MODULE, start_instance, [Template]}};
spec(Parent, _, Child) ->
    spec(Parent, Child).

spec(Parent, #{id := Id} = Child) ->
    (common(Child))#{start => {?MODULE, start, [join(Parent, Id), Child]}}.

common(#{flags := Flags} = Child) ->
    Type = case Flags of none -> worker; _ -> supervisor end,
    (maps:with([id, restart, significant, shutdown], Child))#{type => Type}.

start_instance(Template, #{id := Id} = Instance) ->
    start(Id, maps:merge(Template, maps:with([starts, stop], Instance))).

start(Path, #{starts := Starts} = Child) ->
    case call({attempt, Path, Starts}) of
        ok -> started(Path, launch(Path, Child));
        ignore -> ok = note(["ignore ", Path]), ignore;
        error -> started(Path, {error, refused})
    end.

started(Path, {ok, Pid} = Result) ->
    ok = call({started, Path, Pid}),
    Result;
started(Path, {error, _} = Result) ->
    ok = note(["fail ", Path]),
    Result.

launch(_, #{flags := none, stop := Stop}) ->
    proc_lib:start_link(?MODULE, worker, [Stop]);
launch(Path, #{flags := Flags, children := Children}) ->
    supervisor:start_link(?MODULE, {Path, Flags, Children}).

worker(Stop) ->
    process_flag(trap_exit, true),
    proc_lib:init_ack({ok, self()}),
    serve(Stop).

serve(Stop) ->
    receive
        {die, Reason} -> exit(Reason);
        {'EXIT', _, Reason} when Stop =:= clean -> exit(Reason);
        {'EXIT', _, _} when Stop =:= odd -> exit(odd);
        {'EXIT', _, _} when Stop =:= stubborn -> serve(Stop)
    end.

%% A logger handler runs in the process that logs, so the collector hears of the giving up before the end it explains.
log(#{msg := {report, #{label := {supervisor, shutdown}, report := Report}}}, _) ->
    case proplists:get_value(reason, Report) of
        reached_max_restart_intensity -> collector ! {gave_up, self()};
        _ -> ok
    end;
log(_, _) ->
    ok.

%% ---- the collector -------------------------------------------------------------------------------------------------

call(Request) ->
    Ref = monitor(process, collector),
    collector ! {call, self(), Ref, Request},
    receive
        {Ref, Answer} -> demonitor(Ref, [flush]), Answer;
        {'DOWN', Ref, process, _, Reason} -> exit({collector, Reason})
    end.

note(Line) ->
    call({note, Line}).

%% pids: the newest process of each path, ended ones too. paths: the living processes. mark: how many lines there were
%% when a dynamic root began to stop; it stops its instances all at once, so the lines after that are sorted.
collector_state(#{strategy := Strategy}) ->
    #{dynamic => Strategy =:= simple_one_for_one, lines => [], mark => none, ended => false, configuration => none,
      attempts => #{}, starts => #{}, pids => #{}, paths => #{}, gave_up => [],
      requests => gen_server:reqids_new()}.

collect(#{requests := Requests} = State) ->
    Message = receive Any -> Any end,
    case gen_server:check_response(Message, Requests, true) of
        {Response, Label, Left} -> collect(write(answer(Label, Response, State), State#{requests := Left}));
        _ -> hear(Message, State)
    end.

hear({call, From, Ref, finish}, #{lines := Lines}) ->
    unregister(collector),
    From ! {Ref, lists:reverse(Lines)};
hear({call, From, Ref, Request}, State) ->
    {Answer, NewState} = handle(Request, State),
    From ! {Ref, Answer},
    collect(NewState);
hear({gave_up, Pid}, #{gave_up := Pids} = State) ->
    collect(mark(State#{gave_up := [Pid | Pids]}));
hear({'DOWN', _, process, Pid, Reason}, #{paths := Paths} = State) ->
    {Path, Left} = maps:take(Pid, Paths),
    collect(down(Path, cause(Pid, Reason, State), State#{paths := Left})).

cause(Pid, Reason, #{gave_up := Pids}) ->
    case lists:member(Pid, Pids) of
        true when Reason =:= shutdown -> "gave_up";
        false when is_atom(Reason) -> atom_to_list(Reason)
    end.

down(<<>>, Cause, State) ->
    write(["ended ", Cause], sort_marked(State#{ended := true}));
down(Path, Cause, State) ->
    write(["end ", Path, " ", Cause], State).

handle({note, Line}, State) ->
    {ok, write(Line, State)};
handle({root, Pid}, State) ->
    {ok, watch(<<>>, Pid, State)};
handle({attempt, Path, Starts}, #{attempts := Attempts} = State) ->
    Made = maps:get(Path, Attempts, 0),
    {lists:nth(min(Made + 1, length(Starts)), Starts), State#{attempts := Attempts#{Path => Made + 1}}};
handle({started, Path, Pid}, #{starts := Starts} = State) ->
    Count = maps:get(Path, Starts, 0) + 1,
    Started = watch(Path, Pid, State#{starts := Starts#{Path => Count}}),
    {ok, write(["start ", Path, " ", integer_to_list(Count)], Started)};
handle({pid, Path}, #{pids := Pids, paths := Paths} = State) ->
    Pid = maps:get(Path, Pids),
    Path = maps:get(Pid, Paths),
    {Pid, State};
handle({configure, Flags, Children}, State) ->
    {ok, State#{configuration := {Flags, Children}}};
handle({configuration, <<>>, _, _}, #{configuration := {Flags, Children}} = State) ->
    {{Flags, Children}, State};
handle({configuration, _, Flags, Children}, State) ->
    {{Flags, Children}, State};
handle(stopping, State) ->
    {ok, mark(State)};
handle(ended, #{ended := Ended} = State) ->
    {Ended, State};
handle(progress, #{lines := Lines, requests := Requests, ended := Ended} = State) ->
    {{length(Lines), gen_server:reqids_size(Requests), Ended}, State};
handle({request, Request}, State) ->
    {ok, request(Request, State)}.

watch(Path, Pid, #{pids := Pids, paths := Paths} = State) ->
    monitor(process, Pid),
    State#{pids := Pids#{Path => Pid}, paths := Paths#{Pid => Path}}.

write(Line, #{lines := Lines} = State) ->
    State#{lines := [unicode:characters_to_binary(Line) | Lines]}.

mark(#{dynamic := true, mark := none, lines := Lines} = State) ->
    State#{mark := length(Lines)};
mark(State) ->
    State.

sort_marked(#{mark := none} = State) ->
    State;
sort_marked(#{mark := Mark, lines := Lines} = State) ->
    {After, Before} = lists:split(length(Lines) - Mark, Lines),
    State#{lines := lists:reverse(lists:sort(After)) ++ Before}.

%% ---- requests and answers ------------------------------------------------------------------------------------------

%% The messages are those of the functions of the same names in the module supervisor. Sending them from here rather
%% than calling the functions puts the answer into the collector's mailbox before anything the supervisor does next.
request({Kind, Parent, Argument}, #{pids := Pids, requests := Requests} = State) ->
    Message = message(Kind, Parent, Argument, State),
    Label = {Kind, Parent, Argument},
    State#{requests := gen_server:send_request(maps:get(Parent, Pids), Message, Label, Requests)}.

message(Kind, _, none, _) ->
    Kind;
message(start_child, _, Instance, #{dynamic := true}) ->
    {start_child, [Instance]};
message(start_child, Parent, Child, _) ->
    {start_child, spec(Parent, Child)};
message(Kind, _, Id, #{dynamic := true, pids := Pids}) ->
    {Kind, maps:get(Id, Pids)};
message(Kind, _, Id, _) ->
    {Kind, Id}.

answer({which_children, Parent, none}, {reply, Children}, State) ->
    ["which", [[" ", Entry] || Entry <- entries(Parent, Children, State)]];
answer({count_children, _, none}, {reply, Counts}, _) ->
    ["count", [io_lib:format(" ~s=~b", [Key, proplists:get_value(Key, Counts)])
               || Key <- [specs, active, supervisors, workers]]];
answer({get_childspec, Parent, Id}, {reply, {ok, Spec}}, _) ->
    ["spec ", join(Parent, Id), [io_lib:format(" ~s=~w", [Key, maps:get(Key, Spec)])
                                 || Key <- [restart, significant, shutdown, type]]];
answer({Kind, _, _}, {reply, Reply}, _) ->
    ["answer ", atom_to_list(Kind), " ", outcome(Reply)].

%% OTP lists the children newest first. It lists those of a dynamic supervisor in no order, and does not say which of
%% them wait for a restart, so no scenario may ask for these.
entries(_, Instances, #{dynamic := true, paths := Paths}) ->
    lists:sort([[maps:get(Pid, Paths), "=running"] || {undefined, Pid, worker, _} <- Instances]);
entries(Parent, Children, _) ->
    [[join(Parent, Id), "=", slot(Pid), kind(Type)] || {Id, Pid, Type, _} <- lists:reverse(Children)].

slot(Pid) when is_pid(Pid) -> "running";
slot(Other) -> atom_to_list(Other).

kind(worker) -> "";
kind(supervisor) -> ":supervisor".

outcome(ok) -> "ok";
outcome({ok, undefined}) -> "ok ignored";
outcome({ok, Pid}) when is_pid(Pid) -> "ok";
outcome({error, {already_started, _}}) -> "already_started";
outcome({error, Reason}) ->
    Named = [already_present, not_found, running, restarting, simple_one_for_one],
    case lists:member(Reason, Named) of
        true -> atom_to_list(Reason);
        false -> "failed"
    end.

join(<<>>, Id) -> Id;
join(Parent, Id) -> <<Parent/binary, "/", Id/binary>>.
