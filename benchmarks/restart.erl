%% The time from a child's crash to its next incarnation serving, under OTP's own supervisor; one line of ns a restart.
-module(restart).
-behaviour(supervisor).
-export([main/1, init/1, start_child/1, child/1]).

main([Count]) ->
    Restarts = list_to_integer(Count),
    {ok, _} = supervisor:start_link({local, ?MODULE}, ?MODULE, self()),
    receive {serves, First, _} -> restart(First, Restarts) end,
    halt().

init(Bench) ->
    Flags = #{strategy => one_for_one, intensity => 1000000, period => 1},
    {ok, {Flags, [#{id => child, start => {?MODULE, start_child, [Bench]}}]}}.

start_child(Bench) ->
    {ok, spawn_link(?MODULE, child, [Bench])}.

child(Bench) ->
    Bench ! {serves, self(), erlang:monotonic_time(nanosecond)},
    receive
        {crash, Teller} ->
            Teller ! {crashes, erlang:monotonic_time(nanosecond)},
            exit(boom)
    end.

restart(_, 0) -> ok;
restart(Pid, Left) ->
    Pid ! {crash, self()},
    Crashed = receive {crashes, At} -> At end,
    receive
        {serves, Next, Serves} ->
            io:format("~b~n", [Serves - Crashed]),
            restart(Next, Left - 1)
    end.
