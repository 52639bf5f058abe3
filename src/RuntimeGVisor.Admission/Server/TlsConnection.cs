// SPDX-License-Identifier: Apache-2.0

using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using RuntimeGVisor.Admission.Certificates;

namespace RuntimeGVisor.Admission.Server;

/// <summary>TLS below HTTP. Kestrel's own is to be had with ASP.NET's hosting only.</summary>
/// <param name="next">Serves what is inside of the connection.</param>
/// <param name="certificate">What is served to new connections.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Is told of handshakes that fail.</param>
internal sealed partial class TlsConnection(ConnectionDelegate next, ServedCertificate certificate, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan MaxHandshakeTime = TimeSpan.FromSeconds(10);

    public async Task ServeAsync(ConnectionContext connection)
    {
        var transport = connection.Transport;
        await using var tls = new SslStream(new TransportStream(transport));
        try
        {
            using var timeout = new CancellationTokenSource(MaxHandshakeTime, time);
            await tls.AuthenticateAsServerAsync(certificate.Options, timeout.Token);
        }
        catch (Exception exception) when (exception is AuthenticationException or IOException or OperationCanceledException or ConnectionAbortedException)
        {
            // Whoever knocks without TLS, or does not trust the certificate.
            LogNoHandshake(connection.RemoteEndPoint?.ToString(), exception);
            return;
        }

        var secured = new DuplexPipe(
            PipeReader.Create(tls, new StreamPipeReaderOptions(leaveOpen: true)), PipeWriter.Create(tls, new StreamPipeWriterOptions(leaveOpen: true)));
        connection.Transport = secured;
        try
        {
            await next(connection);
        }
        finally
        {
            await secured.Input.CompleteAsync();
            await secured.Output.CompleteAsync();
            connection.Transport = transport;
        }
    }

    [LoggerMessage(LogLevel.Debug, "No TLS with {Peer}")]
    private partial void LogNoHandshake(string? peer, Exception exception);

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>The two directions of a connection as the one stream that TLS wants; it is read and written asynchronously only.</summary>
    private sealed class TransportStream(IDuplexPipe transport) : Stream
    {
        private readonly Stream _input = transport.Input.AsStream(leaveOpen: true);
        private readonly Stream _output = transport.Output.AsStream(leaveOpen: true);

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _input.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            _output.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => _output.FlushAsync(cancellationToken);

        public override void Flush() => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _input.Dispose();
            _output.Dispose();
            base.Dispose(disposing);
        }
    }
}
