# Runs Penstock on Windows, on the runtime of the archive where there is one, else on the Java of
# PENSTOCK_JAVA, JAVA_HOME or the path. PENSTOCK_JAVA_OPTS adds to the flags.
$ErrorActionPreference = 'Stop'
$root = Split-Path -Parent $PSScriptRoot
$bundled = Join-Path $root 'runtime\bin\java.exe'
$jar = Join-Path $root 'lib\penstock.jar'

if ($env:PENSTOCK_JAVA) { $java = $env:PENSTOCK_JAVA }
elseif (Test-Path $bundled) { $java = $bundled }
elseif ($env:JAVA_HOME) { $java = Join-Path $env:JAVA_HOME 'bin\java.exe' }
else { $java = 'java' }

$version = 0
try {
    $ErrorActionPreference = 'Continue'
    $said = & $java -XshowSettings:properties -version 2>&1 | Out-String
    if ($said -match 'java\.specification\.version = (\d+)') { $version = [int]$Matches[1] }
} catch {
    $version = 0
} finally {
    $ErrorActionPreference = 'Stop'
}
if ($version -lt 17) {
    [Console]::Error.WriteLine('penstock: needs Java 17 or newer; none was found (set JAVA_HOME)')
    exit 1
}

$flags = @(
    '-XX:+UseSerialGC', '-Xms64m', '-Xmx1g', '-XX:MaxDirectMemorySize=2g',
    '-XX:+ExitOnOutOfMemoryError', '-XX:-UsePerfData',
    '-Dio.netty.leakDetection.level=disabled', '-Dio.netty.allocator.type=pooled'
)
if ($version -ge 24) {
    $flags += '--sun-misc-unsafe-memory-access=allow', '--enable-native-access=ALL-UNNAMED'
}
if ($version -ge 25) {
    $flags += '-XX:+UseCompactObjectHeaders'
}
if (Test-Path (Join-Path $root 'lib\native')) {
    $flags += "-Djava.library.path=$(Join-Path $root 'lib\native')"
}
$cache = Join-Path $root 'lib\penstock.aot'
if (($java -eq $bundled) -and (Test-Path $cache)) {
    $flags += "-XX:AOTCache=$cache", '-Xlog:aot=off', '-Xlog:cds=off'
}
if ($env:PENSTOCK_JAVA_OPTS) {
    $flags += $env:PENSTOCK_JAVA_OPTS -split '\s+' | Where-Object { $_ }
}
& $java @flags -jar $jar @args
exit $LASTEXITCODE
