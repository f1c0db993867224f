# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Part of run.sh: PostgreSQL, and PgBouncer in front of it.

# The newest that is installed: Debian keeps the server's programs out of the PATH.
postgres_bin() {
    local bin
    bin=$(find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null | sort -V | tail -n 1)
    [ -n "$bin" ] || bin=$(command -v postgres) || { complain "PostgreSQL is not installed (Debian: apt-get install postgresql)"; exit 77; }
    dirname "$bin"
}

try_postgres() {
    local synced=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off)
    [ -z "${wants[killable]-}" ] || synced=(-c fsync=off)
    [ -z "${wants[durable]-}" ] || synced=()
    start postgres "$pg_account" QUIT "$bin/postgres" -D "$folder/postgres" -p "$port" -k "$folder" \
        -c listen_addresses=localhost -c max_connections=200 -c max_prepared_transactions=20 -c shared_buffers=128MB \
        -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=1GB -c logging_collector=off -c deadlock_timeout=50ms -c timezone=Europe/Berlin \
        -c ssl=on -c "ssl_cert_file=$folder/tls/server.crt" -c "ssl_key_file=$key" -c "ssl_ca_file=$folder/tls/ca.crt" "${synced[@]}"
    await postgres 'ready to accept connections'
}

# A time zone that is not UTC: who relies on the server's finds out.
postgres() {
    local bin key
    bin=$(postgres_bin)
    pg_account=$(account postgres)
    mkdir "$folder/postgres"
    own "$pg_account" "$folder/postgres"
    printf '%s\n' "$password" >"$folder/password"
    (as "$pg_account" KILL "$bin/initdb" -D "$folder/postgres" -U "$user" --pwfile="$folder/password" --auth=scram-sha-256 \
        -E UTF8 --locale=C.UTF-8 --no-sync) >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
    cat >"$folder/postgres/pg_hba.conf" <<TEXT
hostssl all ${user}_cert all cert
local   all all              scram-sha-256
host    all all          all scram-sha-256
TEXT
    key=$(server_key server "$pg_account")
    attempt try_postgres postgres
    PGPASSWORD=$password "$bin/psql" -q -X -h "$folder" -p "$port" -U "$user" -d postgres -v ON_ERROR_STOP=1 \
        -c "CREATE DATABASE $user" -c "CREATE ROLE ${user}_cert LOGIN"
    pg_port=$port
    export AR_TEST_POSTGRES_URL="postgresql://$user:$password@127.0.0.1:$pg_port/$user"
    export AR_TEST_POSTGRES_SOCKET_URL="postgresql://$user:$password@${folder//\//%2F}:$pg_port/$user"
}

try_pgbouncer() {
    local name=$1
    shift
    {
        printf '[databases]\n* = host=%s port=%s\n[pgbouncer]\n' "$folder" "$pg_port"
        printf 'listen_addr = 127.0.0.1\nlisten_port = %s\nunix_socket_dir =\n' "$port"
        printf 'auth_type = scram-sha-256\nauth_file = %s\npool_mode = transaction\n' "$folder/pgbouncer.users"
        printf 'default_pool_size = 4\nmax_client_conn = 200\n'
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } >"$folder/$name.ini"
    start "$name" "$pg_account" TERM pgbouncer "$folder/$name.ini"
    await "$name" 'process up'
}

# Four server connections for all clients: a client meets another one's session all the time.
pgbouncer() {
    printf '"%s" "%s"\n' "$user" "$password" >"$folder/pgbouncer.users"
    attempt try_pgbouncer pgbouncer
    export AR_TEST_PGBOUNCER_URL="postgresql://$user:$password@127.0.0.1:$port/$user"
}

# The server itself has the good certificate. For each bad one a PgBouncer costs a few milliseconds, a server seconds.
postgres_tls() {
    local verify="sslmode=verify-full&sslrootcert=$folder/tls/ca.crt" at="$user:$password@localhost" bad
    export AR_TEST_POSTGRES_TLS_URL="postgresql://$at:$pg_port/$user?$verify"
    export AR_TEST_POSTGRES_TLS_CLIENT_URL="postgresql://${user}_cert@localhost:$pg_port/$user?$verify&sslcert=$folder/tls/client.crt&sslkey=$folder/tls/client.key"
    [ -n "${AR_TEST_PGBOUNCER_URL-}" ] || pgbouncer
    export AR_TEST_POSTGRES_TLS_NONE_URL="${AR_TEST_PGBOUNCER_URL/127.0.0.1/localhost}?$verify"
    for bad in wrong_host expired self_signed; do
        attempt try_pgbouncer "pgbouncer_$bad" "client_tls_sslmode = require" \
            "client_tls_cert_file = $folder/tls/$bad.crt" "client_tls_key_file = $(server_key "$bad" "$pg_account")"
        export "AR_TEST_POSTGRES_TLS_${bad^^}_URL=postgresql://$at:$port/$user?$verify"
    done
}
