#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run.sh [postgres] [mysql] [pgbouncer] [tls] [durable|killable] -- COMMAND...: runs the command with servers of its own,
# which are Debian's, unprivileged, on loopback and on Unix sockets in a temporary folder, and which are gone when it
# ends.
#
#   postgres   AR_TEST_POSTGRES_URL, AR_TEST_POSTGRES_SOCKET_URL
#   mysql      AR_TEST_MYSQL_URL, AR_TEST_MYSQL_SOCKET_URL   (a MariaDB)
#   pgbouncer  AR_TEST_PGBOUNCER_URL: in transaction mode, in front of the PostgreSQL
#   tls        AR_TEST_TLS_FOLDER (ca.crt, client.crt, client.key) and, of each of the two engines that is started,
#              AR_TEST_<ENGINE>_TLS_URL, …_TLS_WRONG_HOST_URL, …_TLS_EXPIRED_URL, …_TLS_SELF_SIGNED_URL: a server with
#              that certificate; …_TLS_NONE_URL: one that knows no TLS; …_TLS_CLIENT_URL: of a user who needs client.crt
#   durable    commits reach the disk, as on a server that means it; else nothing is ever synced
#   killable   commits outlive the server, though not the machine
#
# An engine whose AR_TEST_…_URL is set already is the user's: nothing is started for it. AR_TEST_LOGS=folder keeps the logs.
# shellcheck disable=SC2317
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/servers/certificates.sh
. "$here/certificates.sh"
# shellcheck source=tests/servers/postgres.sh
. "$here/postgres.sh"
# shellcheck source=tests/servers/mariadb.sh
. "$here/mariadb.sh"

user=actrec password=tr0ub4dor
declare -A pid_of=() wants=()
PATH=$PATH:/usr/sbin:/sbin

complain() { echo "servers: $*" >&2; }

# --- accounts: root hands the servers to somebody who has no privileges ----------------------------------------------

# account NAME...: the first that exists; nothing when we are nobody special ourselves.
account() {
    [ "$(id -u)" -eq 0 ] || return 0
    local name
    for name in "$@" nobody; do
        if id "$name" >/dev/null 2>&1; then echo "$name"; return; fi
    done
}

# as ACCOUNT SIGNAL COMMAND...: replaces this shell by the command, which gets the signal should its parent die.
as() {
    local name=$1 signal=$2; shift 2
    cd "$folder"
    if [ -z "$name" ]; then exec setpriv --pdeathsig "$signal" "$@"; fi
    exec setpriv --reuid "$name" --regid "$(id -g "$name")" --clear-groups --pdeathsig "$signal" env HOME="$folder" "$@"
}

# own ACCOUNT PATH...: the files that the account's server may read and nobody else.
own() {
    local name=$1; shift
    [ -z "$name" ] || chown -R "$name" "$@"
}

# --- processes -------------------------------------------------------------------------------------------------------

# A loopback port that nobody listens on, below those that the system hands out. Another may take it before the server
# does, so the callers try again.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

# start NAME ACCOUNT SIGNAL COMMAND...: in the background, its output in NAME.log.
start() {
    local name=$1; shift
    : >"$folder/$name.log"
    (as "$@") >"$folder/$name.log" 2>&1 </dev/null &
    pid_of[$name]=$!
    disown "$!" # so that the shell does not report how it ended
}

# await NAME PATTERN: until a line of its log says so. Fails when the server ends, or says nothing for a minute.
await() {
    local name=$1 tries=0
    until grep -q "$2" "$folder/$name.log"; do
        if ! kill -0 "${pid_of[$name]}" 2>/dev/null || [ $((tries += 1)) -gt 1200 ]; then
            stop "$name" KILL
            return 1
        fi
        sleep 0.05
    done
}

# end PID SIGNAL: and waits until it is gone, for ten seconds. Not by wait: one that a signal has interrupted may have
# taken the status that the next one for the same process then waits for, for ever (bash 5.2). Only a child of ours: the
# number of one that is gone may be somebody else's.
end() {
    local tries=0
    grep -qsE "^PPid:[[:space:]]+$$\$" "/proc/$1/status" || return 0
    kill -"$2" "$1" 2>/dev/null || return 0
    while kill -0 "$1" 2>/dev/null && [ $((tries += 1)) -le 500 ]; do sleep 0.02; done
}

# stop NAME SIGNAL
stop() {
    end "${pid_of[$1]}" "$2"
    unset "pid_of[$1]"
}

# attempt FUNCTION NAME...: calls it until it works, at most four times, each with another port in $port.
attempt() {
    local try
    for try in 1 2 3 4; do
        port=$(free_port)
        if "$@"; then return 0; fi
        complain "$2 did not start on port $port (attempt $try); its log ends with:"
        tail -n 5 "$folder/$2.log" >&2 || true
    done
    exit 1
}

keep_logs() {
    [ -n "${AR_TEST_LOGS-}" ] || return 0
    mkdir -p "$AR_TEST_LOGS"
    cp "$folder"/*.log "$AR_TEST_LOGS" 2>/dev/null || true
}

# Their data is thrown away, so nobody needs the time to write it out: PostgreSQL's "immediate" is QUIT.
stop_all() {
    trap '' INT TERM HUP
    local name signal
    [ -z "${command_pid-}" ] || end "$command_pid" TERM
    for name in "${!pid_of[@]}"; do
        case $name in postgres) signal=QUIT ;; pgbouncer*) signal=TERM ;; *) signal=KILL ;; esac
        stop "$name" "$signal"
    done
    keep_logs
    rm -rf "$folder" 2>/dev/null || { sleep 1; rm -rf "$folder"; } # what the command started may write a last time
}

# --- what is asked for -----------------------------------------------------------------------------------------------

while [ $# -gt 0 ] && [ "$1" != -- ]; do
    case $1 in
    postgres | mysql | pgbouncer | tls | durable | killable) wants[$1]=yes ;;
    *) complain "no such thing: $1"; exit 2 ;;
    esac
    shift
done
[ $# -gt 1 ] || { complain "usage: run.sh [postgres] [mysql] [pgbouncer] [tls] [durable|killable] -- COMMAND..."; exit 2; }
shift

[ -z "${AR_TEST_POSTGRES_URL-}" ] || unset "wants[postgres]" "wants[pgbouncer]"
[ -z "${AR_TEST_MYSQL_URL-}" ] || unset "wants[mysql]"

# In the folder of the run.sh that runs us, which is removed whatever becomes of us.
folder=$(mktemp -d "${AR_TEST_FOLDER:-/tmp}/actrec-servers-XXXXXX")
chmod 1777 "$folder"
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
export AR_TEST_FOLDER=$folder

make_certificates
[ -z "${wants[postgres]-}" ] || postgres
[ -z "${wants[pgbouncer]-}" ] || pgbouncer
[ -z "${wants[mysql]-}" ] || mariadb
if [ -n "${wants[tls]-}" ]; then
    export AR_TEST_TLS_FOLDER=$folder/tls
    [ -z "${wants[postgres]-}" ] || postgres_tls
    [ -z "${wants[mysql]-}" ] || mariadb_tls
fi

# In the background, so that a signal to this script does not wait for the command. The shell makes what runs there
# ignore INT and QUIT and gives it no input: both are put right.
env --default-signal=INT,QUIT "$@" <&0 &
command_pid=$!
status=0
wait "$command_pid" || status=$?
command_pid=
exit "$status"
