# shellcheck shell=bash
# A web server of our own: nginx on a free port of the loopback interface, as whoever calls, with its
# files in one directory. Sourced.

# start_web_server CONTENT DIRECTORY: serves CONTENT; its log is DIRECTORY/access.log; sets web_port.
start_web_server() {
  local content directory user=
  content=$(realpath "$1") directory=$(realpath -m "$2")
  mkdir -p "$directory"
  [ "$(id -u)" != 0 ] || user='user root;' # or its workers could not read what only root can
  for _ in {1..50}; do
    web_port=$((20000 + RANDOM % 12000)) # below the range from which Linux lends ports
    cat >"$directory/nginx.conf" <<END
$user
worker_processes 1;
pid $directory/nginx.pid;
error_log $directory/error.log;
events {}
http {
  access_log $directory/access.log;
  client_body_temp_path $directory/body;
  proxy_temp_path $directory/proxy;
  fastcgi_temp_path $directory/fastcgi;
  uwsgi_temp_path $directory/uwsgi;
  scgi_temp_path $directory/scgi;
  default_type application/octet-stream;
  sendfile on;
  server {
    listen 127.0.0.1:$web_port;
    root $content;
  }
}
END
    # It returns once it listens; a port in use is the one failure worth another try.
    /usr/sbin/nginx -e "$directory/error.log" -c "$directory/nginx.conf" 2>"$directory/start" && return
    grep -q 'Address already in use' "$directory/start" || break
  done
  cat "$directory/start" >&2
  return 1
}

# stop_web_server DIRECTORY: does nothing where none runs.
stop_web_server() {
  local pid
  pid=$(cat "$1/nginx.pid" 2>/dev/null) || return 0
  kill "$pid" 2>/dev/null || return 0
  while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
}
