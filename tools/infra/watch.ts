// SPDX-License-Identifier: Apache-2.0
// The trail of who touched what, and alarms.
import { KEPT, PRIVATE, type Resource } from './resource.ts';

/** Who touched keys and locks, and what needs somebody's eyes. */
export function watch(): Record<string, Resource> {
  const trail = { Principal: { Service: 'cloudtrail.amazonaws.com' }, Effect: 'Allow' };
  const objectsOf = (bucket: string): object => ({ 'Fn::Sub': `\${${bucket}.Arn}/` });
  const alarm = (what: string, Threshold: number, MetricName: string, queue: string): Resource => ({
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmDescription: what,
      ...{ Namespace: 'AWS/SQS', MetricName, Statistic: 'Maximum', Threshold },
      ...{ Period: 300, EvaluationPeriods: 1, TreatMissingData: 'notBreaching' },
      ComparisonOperator: 'GreaterThanThreshold',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [queue, 'QueueName'] } }],
    },
  });
  return {
    TrailBucket: {
      Type: 'AWS::S3::Bucket',
      ...KEPT,
      Properties: {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
          ],
        },
        VersioningConfiguration: { Status: 'Enabled' },
        PublicAccessBlockConfiguration: PRIVATE,
      },
    },
    TrailBucketPolicy: {
      Type: 'AWS::S3::BucketPolicy',
      Properties: {
        Bucket: { Ref: 'TrailBucket' },
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              ...trail,
              Action: 's3:GetBucketAcl',
              Resource: { 'Fn::GetAtt': ['TrailBucket', 'Arn'] },
            },
            {
              ...trail,
              Action: 's3:PutObject',
              Resource: { 'Fn::Sub': '${TrailBucket.Arn}/AWSLogs/*' },
            },
          ],
        },
      },
    },
    Trail: {
      Type: 'AWS::CloudTrail::Trail',
      DependsOn: ['TrailBucketPolicy'],
      Properties: {
        ...{ IsLogging: true, EnableLogFileValidation: true, S3BucketName: { Ref: 'TrailBucket' } },
        EventSelectors: [
          {
            ReadWriteType: 'All',
            DataResources: [
              { Type: 'AWS::S3::Object', Values: ['Objects', 'Keys', 'Locks'].map(objectsOf) },
            ],
          },
        ],
      },
    },
    DeadLettersAlarm: alarm(
      'messages that no worker could work off',
      0,
      'ApproximateNumberOfMessagesVisible',
      'DeadLetters',
    ),
    BacklogAlarm: alarm(
      'work that waits for an hour',
      3600,
      'ApproximateAgeOfOldestMessage',
      'Queue',
    ),
  };
}
