# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Part of run.sh: MariaDB.

try_mariadb() {
    local name=$1
    shift
    start "$name" "$my_account" KILL mariadbd --no-defaults --datadir="$folder/$name" --socket="$folder/$name.sock" \
        --pid-file="$folder/$name/pid" --tmpdir="$folder/$name" --bind-address=127.0.0.1 --port="$port" --skip-name-resolve "$@"
    await "$name" 'ready for connections'
}

# LOCAL INFILE is on, the time zone not UTC and sql_mode lax: who relies on the server's defaults finds out.
mariadb() {
    local synced=(--innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync) key
    [ -z "${wants[killable]-}" ] || synced=(--innodb-flush-log-at-trx-commit=2 --innodb-flush-method=nosync)
    [ -z "${wants[durable]-}" ] || synced=()
    command -v mariadbd >/dev/null || { complain "MariaDB is not installed (Debian: apt-get install mariadb-server-core)"; exit 77; }
    my_account=$(account mysql)
    mkdir "$folder/mysql"
    own "$my_account" "$folder/mysql"
    (as "$my_account" KILL mariadb-install-db --no-defaults --datadir="$folder/mysql" --tmpdir="$folder" --skip-test-db --skip-name-resolve \
        --auth-root-authentication-method=normal "${synced[@]}") >"$folder/install.log" 2>&1 || { cat "$folder/install.log" >&2; exit 1; }
    cat >"$folder/mysql.sql" <<TEXT
CREATE DATABASE $user;
CREATE USER '$user'@'%' IDENTIFIED BY '$password';
GRANT ALL ON *.* TO '$user'@'%' WITH GRANT OPTION;
CREATE USER '${user}_cert'@'%' REQUIRE X509;
GRANT ALL ON $user.* TO '${user}_cert'@'%';
TEXT
    key=$(server_key server "$my_account")
    attempt try_mariadb mysql --init-file="$folder/mysql.sql" --max-connections=200 --innodb-buffer-pool-size=128M \
        --innodb-log-file-size=96M --innodb-use-native-aio=0 --skip-log-bin --character-set-server=utf8mb4 \
        --local-infile=1 --sql-mode= --default-time-zone=+02:00 \
        --ssl-ca="$folder/tls/ca.crt" --ssl-cert="$folder/tls/server.crt" --ssl-key="$key" "${synced[@]}"
    my_port=$port
    export AR_TEST_MYSQL_URL="mysql://$user:$password@127.0.0.1:$my_port/$user"
    export AR_TEST_MYSQL_SOCKET_URL="mysql://$user:$password@${folder//\//%2F}%2Fmysql.sock/$user"
}

# A server that authenticates nobody and stores nothing, for what happens before that.
mariadb_bare() {
    mkdir "$folder/$1"
    own "$my_account" "$folder/$1"
    attempt try_mariadb "$1" --skip-grant-tables --skip-innodb --default-storage-engine=MyISAM --key-buffer-size=8 \
        --aria-pagecache-buffer-size=128K --max-connections=20 "${@:2}"
}

mariadb_tls() {
    local verify="sslmode=verify-full&sslrootcert=$folder/tls/ca.crt" at="$user:$password@localhost" bad
    export AR_TEST_MYSQL_TLS_URL="mysql://$at:$my_port/$user?$verify"
    export AR_TEST_MYSQL_TLS_CLIENT_URL="mysql://${user}_cert@localhost:$my_port/$user?$verify&sslcert=$folder/tls/client.crt&sslkey=$folder/tls/client.key"
    mariadb_bare mysql_none --skip-ssl
    export AR_TEST_MYSQL_TLS_NONE_URL="mysql://$at:$port/?$verify"
    for bad in wrong_host expired self_signed; do
        mariadb_bare "mysql_$bad" --ssl-cert="$folder/tls/$bad.crt" --ssl-key="$(server_key "$bad" "$my_account")"
        export "AR_TEST_MYSQL_TLS_${bad^^}_URL=mysql://$at:$port/?$verify"
    done
}
